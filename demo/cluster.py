"""What the demo needs of a cluster, and the embedded one as its command line shows it: where it is, which images it holds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.kubectl import Kubectl


class ClusterUnusable(Exception):
    """There is no cluster to run on; the text says what to do."""


@dataclass(frozen=True, slots=True)
class ObjectStoreAccess:
    """An S3 server, as reached from this machine and from pods alike."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str


@dataclass(frozen=True, slots=True)
class AnyCluster:
    """What the demo needs of a cluster, whoever runs it."""

    kubectl: Kubectl
    helm: Path
    store: ObjectStoreAccess


@dataclass(frozen=True, slots=True)
class Cluster(AnyCluster):
    """A running embedded cluster."""

    name: str
    audit_log: Path

    def command(self, *arguments: str) -> str:
        """Runs `python -m local_cluster`; its progress goes to the terminal, its answer is returned."""
        return local_cluster(*arguments, "--name", self.name)


def local_cluster(*arguments: str) -> str:
    """Runs `python -m local_cluster` with progress on stderr shown as it comes; returns stdout."""
    done = subprocess.run([sys.executable, "-m", "local_cluster", *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise ClusterUnusable(f"`python -m local_cluster {' '.join(arguments)}` did not work; it says why above")
    return done.stdout


def find_cluster(name: str) -> Cluster:
    """The running cluster of that name."""
    status: dict[str, Any] = json.loads(local_cluster("status", "--name", name, "-o", "json"))
    if not status.get("running"):
        raise ClusterUnusable(f"local cluster '{name}' is not running; start it with: python -m local_cluster up --name {name}")
    binaries, store = Path(status["binaries"]), status["s3"]
    return Cluster(
        kubectl=Kubectl(binaries / "kubectl", Path(status["kubeconfig"])),
        helm=binaries / "helm",
        store=ObjectStoreAccess(store["endpoint"], store["accessKey"], store["secretKey"], store["region"]),
        name=name,
        audit_log=Path(status["auditLog"]),
    )


def load_images(cluster: Cluster) -> dict[str, str]:
    """Builds the three images of this tree where they are stale and loads them; returns reference by image name."""
    local_cluster("build", "operator", "data", "trainer")
    return {image: cluster.command("load", image).split()[-1] for image in ("operator", "data", "trainer")}
