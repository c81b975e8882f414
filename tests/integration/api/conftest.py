"""A namespace to try things in."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.cluster import KubernetesCluster


@pytest.fixture(scope="module")
def namespace(api: KubernetesCluster) -> Iterator[str]:
    """A namespace of the test module's own, which no profile admits: the operator leaves its objects alone."""
    name = f"api-test-{uuid.uuid4().hex[:8]}"
    created = api.kubectl("create", "namespace", name)
    assert created.returncode == 0, created.stderr
    yield name
    api.kubectl("delete", "namespace", name, "--wait=false")
