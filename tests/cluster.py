"""A running cluster as the tests see it: where it is, and how its kubectl and helm are run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.kubectl import run_client


@dataclass(frozen=True, slots=True)
class KubernetesCluster:
    """One kubeconfig, and the programs that speak to its API server."""

    kubeconfig: Path
    binaries: Path | None
    """Folder with kubectl and helm; None for those on PATH."""

    @property
    def kubectl_path(self) -> Path:
        return find_program("kubectl", self.binaries)

    @property
    def helm_path(self) -> Path:
        return find_program("helm", self.binaries)

    def kubectl(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs kubectl and returns what it said, whether it worked or not."""
        return run_client(self.kubectl_path, self.kubeconfig, *arguments, stdin=input)

    def helm(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs helm and returns what it said, whether it worked or not."""
        return run_client(self.helm_path, self.kubeconfig, *arguments, stdin=input)

    def apply(self, *documents: Mapping[str, Any], dry_run: bool = False) -> subprocess.CompletedProcess[str]:
        """`kubectl apply --server-side`, which is strict about unknown fields."""
        text = "\n---\n".join(json.dumps(document) for document in documents)
        mode = ["--dry-run=server"] if dry_run else []
        return self.kubectl("apply", "--server-side", "--force-conflicts", *mode, "-f", "-", input=text)


def find_program(name: str, binaries: Path | None) -> Path:
    """The program in the cluster's own folder, or else on PATH."""
    if binaries and (binaries / name).is_file():
        return binaries / name
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is neither in {binaries or 'SFT_TEST_BINARIES (not set)'} nor on PATH")
    return Path(found)


def configured_binaries() -> Path | None:
    """The folder with kubectl and helm: the one that SFT_TEST_BINARIES names, or that of the embedded cluster."""
    if "SFT_TEST_BINARIES" in os.environ:
        return Path(os.environ["SFT_TEST_BINARIES"])
    return embedded_cluster(os.environ["SFT_TEST_CLUSTER"]).binaries if "SFT_TEST_CLUSTER" in os.environ else None


def configured_cluster() -> KubernetesCluster | None:
    """The cluster that the environment names: by kubeconfig, or by the name of an embedded one."""
    if "SFT_TEST_KUBECONFIG" in os.environ:
        return KubernetesCluster(Path(os.environ["SFT_TEST_KUBECONFIG"]), configured_binaries())
    if "SFT_TEST_CLUSTER" in os.environ:
        return embedded_cluster(os.environ["SFT_TEST_CLUSTER"])
    return None


def embedded_cluster(name: str) -> KubernetesCluster:
    """The running embedded cluster of that name."""
    command = [sys.executable, "-m", "local_cluster", "status", "--name", name, "-o", "json"]
    status = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    if not status.get("running"):
        raise RuntimeError(f"cluster '{name}' does not run; start it: python -m local_cluster up --name {name}")
    return KubernetesCluster(Path(status["kubeconfig"]), Path(status["binaries"]))
