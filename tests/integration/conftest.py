"""The real API server, with this tree's CustomResourceDefinitions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from demo.installation import NAMESPACE, RELEASE
from tests.cluster import KubernetesCluster


@pytest.fixture(scope="session")
def api(cluster: KubernetesCluster, repository: Path) -> KubernetesCluster:
    """The cluster, once it serves the three kinds as this tree defines them and no operator acts on them."""
    if (
        "SFT_TEST_KUBECONFIG" not in os.environ
    ):  # a cluster of the tests' own, in which an earlier run may have installed the chart
        gone = cluster.helm("uninstall", RELEASE, "-n", NAMESPACE, "--ignore-not-found", "--wait")
        assert gone.returncode == 0, gone.stderr
    applied = cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(repository / "crds"))
    assert applied.returncode == 0, applied.stderr
    ready = cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(repository / "crds"))
    assert ready.returncode == 0, ready.stderr
    return cluster
