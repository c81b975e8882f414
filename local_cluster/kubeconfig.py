"""kubeconfig files: who is who towards the API server."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from local_cluster.certificates import Authority, Identity
from local_cluster.layout import ClusterLayout


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def write(layout: ClusterLayout, authority: Authority, identity: Identity, target: Path | None = None) -> Path:
    """Writes a kubeconfig for an identity, with everything in it; returns its path."""
    certificate, key = authority.issue(identity)
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": layout.name,
                "cluster": {"server": layout.api_server, "certificate-authority-data": _inline(authority.certificate)},
            }
        ],
        "users": [
            {
                "name": identity.common_name,
                "user": {"client-certificate-data": _inline(certificate), "client-key-data": _inline(key)},
            }
        ],
        "contexts": [{"name": layout.name, "context": {"cluster": layout.name, "user": identity.common_name}}],
        "current-context": layout.name,
    }
    path = target or layout.certificates / f"{identity.file}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=1))  # JSON is YAML too
    return path
