"""The real API server, with this tree's CustomResourceDefinitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import KubernetesCluster


@pytest.fixture(scope="session")
def api(cluster: KubernetesCluster, repository: Path) -> KubernetesCluster:
    """The cluster, once it serves the three kinds as this tree defines them."""
    applied = cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(repository / "crds"))
    assert applied.returncode == 0, applied.stderr
    ready = cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(repository / "crds"))
    assert ready.returncode == 0, ready.stderr
    return cluster
