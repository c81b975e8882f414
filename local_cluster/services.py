"""What lives beside the control plane: DNS, S3 and the image registry."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from local_cluster import kubeconfig
from local_cluster.certificates import Authority, Identity
from local_cluster.layout import ClusterLayout, cache_root
from local_cluster.process import Component

REGION = "us-east-1"
DNS_IDENTITY = Identity("coredns", "system:coredns")
DNS_ROLE = [
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:coredns"},
        "rules": [
            {"apiGroups": [""], "resources": ["services", "namespaces", "pods"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
        ],
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "system:coredns"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:coredns"}],
    },
]


def dns(layout: ClusterLayout, binaries: Path, authority: Authority) -> Component:
    """CoreDNS for cluster.local; there is no outside to forward to."""
    config = layout.state / "Corefile"
    credentials = kubeconfig.write(layout, authority, DNS_IDENTITY)
    config.write_text(f""".:53 {{
    bind {layout.address}
    errors
    kubernetes cluster.local {{
        kubeconfig {credentials} {layout.name}
        ttl 5
    }}
    cache 5
}}
""")
    command = [str(binaries / "coredns"), f"-conf={config}"]
    return Component("coredns", command, layout.state, layout.first_node.namespace, files=(config, credentials))


def s3_credentials(layout: ClusterLayout) -> tuple[str, str]:
    """Access key and secret key of the S3 server, made once a cluster."""
    file = layout.state / "s3-credentials.json"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(json.dumps([f"local-{layout.name}", secrets.token_urlsafe(24)]))
    access_key, secret_key = json.loads(file.read_text())
    return access_key, secret_key


def object_store(layout: ClusterLayout, binaries: Path) -> Component:
    """versitygw: an S3 server on a folder."""
    access_key, secret_key = s3_credentials(layout)
    data, sidecar = layout.state / "s3" / "buckets", layout.state / "s3" / "metadata"
    data.mkdir(parents=True, exist_ok=True)
    sidecar.mkdir(parents=True, exist_ok=True)
    port = layout.s3_endpoint.rsplit(":", 1)[1]
    command = [
        str(binaries / "versitygw"),
        "--port",
        f"{layout.address}:{port}",
        "--quiet",
        "posix",
        "--sidecar",
        str(sidecar),
    ]
    environment = {"ROOT_ACCESS_KEY": access_key, "ROOT_SECRET_KEY": secret_key, "VGW_REGION": REGION}
    return Component("s3", [*command, str(data)], layout.state, layout.first_node.namespace, environment)


def registry(layout: ClusterLayout) -> Component:
    """Debian's docker-registry. Its blobs lie in the cache and are shared by all clusters: they are named by content."""
    config = layout.state / "registry.json"
    content = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(cache_root() / "registry")}},
        "http": {"addr": layout.registry},
    }
    config.write_text(json.dumps(content))
    command = ["docker-registry", "serve", str(config)]
    return Component("registry", command, layout.state, layout.first_node.namespace, files=(config,))
