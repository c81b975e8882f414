"""Runs the real kubectl and helm, as a user would."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cluster.layout import STATE_ROOT
from local_cluster.proxy import proxy_exceptions

TIMEOUT_SECONDS = 300


class KubectlError(Exception):
    """kubectl or helm said no; the text is its own."""


def run_client(
    program: Path, kubeconfig: Path, *arguments: str, stdin: str | None = None, timeout_seconds: float = TIMEOUT_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Runs kubectl or helm and returns what it said, whether it worked or not; raises KubectlError when it does not end."""
    command, environment = [str(program), *arguments], client_environment(kubeconfig)
    try:
        return subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, timeout=timeout_seconds)
    except subprocess.TimeoutExpired as error:
        raise KubectlError(f"{program.name} {' '.join(arguments)}: no answer within {timeout_seconds:.0f} s") from error


def client_environment(kubeconfig: Path) -> dict[str, str]:
    """What kubectl and helm are told. For an embedded cluster they keep their caches beside its files, which `down` removes."""
    environment = os.environ | proxy_exceptions(os.environ) | {"KUBECONFIG": str(kubeconfig)}
    if kubeconfig.is_relative_to(STATE_ROOT):
        kept = kubeconfig.parent / "clients"
        environment |= {name: str(kept) for name in ("KUBECACHEDIR", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
    return environment


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with one kubeconfig."""

    binary: Path
    kubeconfig: Path

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs kubectl; raises KubectlError with its own words when it fails."""
        done = run_client(self.binary, self.kubeconfig, *arguments, stdin=stdin)
        if done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, *documents: dict[str, Any], namespace: str | None = None) -> str:
        """Applies objects by server-side apply."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})
        scope = ["-n", namespace] if namespace else []
        return self.run("apply", "--server-side", "--force-conflicts", *scope, "-f", "-", stdin=text)

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """One object, or None when it is not there."""
        text = self.run("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None
