"""The real API server, with this tree's CustomResourceDefinitions, and a namespace to try things in."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def namespace(api: KubernetesCluster) -> Iterator[str]:
    """A namespace of the test module's own, which no profile admits: the operator leaves its objects alone."""
    name = f"api-test-{uuid.uuid4().hex[:8]}"
    created = api.kubectl("create", "namespace", name)
    assert created.returncode == 0, created.stderr
    yield name
    api.kubectl("delete", "namespace", name, "--wait=false")
