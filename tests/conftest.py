"""Fixtures that every kind of test shares."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import KubernetesCluster, configured_binaries, configured_cluster, find_program
from tests.matrix_sample import pytest_addoption, pytest_collection_modifyitems

__all__ = ["pytest_addoption", "pytest_collection_modifyitems"]  # hooks of pytest
REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def cluster() -> KubernetesCluster:
    """The running cluster that the environment names."""
    found = configured_cluster()
    if found is None:
        pytest.skip("no cluster: set SFT_TEST_CLUSTER (an embedded cluster's name) or SFT_TEST_KUBECONFIG")
    return found


@pytest.fixture(scope="session")
def helm_path() -> Path:
    """helm, from the folder that SFT_TEST_BINARIES names, from the configured cluster, or from PATH."""
    try:
        return find_program("helm", configured_binaries())
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
