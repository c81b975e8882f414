"""The embedded cluster as its command line shows it: where it is, and which images it holds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.kubectl import Kubectl


@dataclass(frozen=True, slots=True)
class ObjectStoreAccess:
    """The cluster's S3 server, as reached from this machine and from pods alike."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running embedded cluster."""

    name: str
    kubectl: Kubectl
    helm: Path
    store: ObjectStoreAccess
    audit_log: Path

    def command(self, *arguments: str) -> str:
        """Runs `python -m local_cluster`; its progress goes to the terminal, its answer is returned."""
        return local_cluster(*arguments, "--name", self.name)


def local_cluster(*arguments: str) -> str:
    """Runs `python -m local_cluster` with progress on stderr shown as it comes; returns stdout."""
    command = [sys.executable, "-m", "local_cluster", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def find_cluster(name: str) -> Cluster:
    """The running cluster of that name."""
    status: dict[str, Any] = json.loads(local_cluster("status", "--name", name, "-o", "json"))
    if not status.get("running"):
        raise RuntimeError(f"local cluster '{name}' is not running; start it with: python -m local_cluster up --name {name}")
    binaries, store = Path(status["binaries"]), status["s3"]
    return Cluster(
        name=name,
        kubectl=Kubectl(binaries / "kubectl", Path(status["kubeconfig"])),
        helm=binaries / "helm",
        store=ObjectStoreAccess(store["endpoint"], store["accessKey"], store["secretKey"], store["region"]),
        audit_log=Path(status["auditLog"]),
    )


def load_images(cluster: Cluster) -> dict[str, str]:
    """Builds the three images of this tree where they are stale and loads them; returns reference by image name."""
    local_cluster("build", "operator", "data", "trainer")
    return {image: cluster.command("load", image).split()[-1] for image in ("operator", "data", "trainer")}
