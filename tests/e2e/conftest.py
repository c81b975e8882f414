"""An installed operator with this tree's images, and a namespace for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from demo import bucket, quickstart
from demo.cluster import Cluster, find_cluster, load_images
from demo.installation import MODEL_BUCKET, OUTPUT_BUCKET, RAW_BUCKET, cpu_profile, install_chart, open_namespace
from tests.e2e.team import Team


@pytest.fixture(scope="session")
def installed() -> Cluster:
    """The embedded cluster that SFT_TEST_CLUSTER names, with the chart installed and the model uploaded."""
    name = os.environ.get("SFT_TEST_CLUSTER")
    if name is None:
        pytest.skip("no embedded cluster: set SFT_TEST_CLUSTER (make test starts one)")
    cluster = find_cluster(name)
    client = bucket.s3_client(cluster.store)
    for wanted in (RAW_BUCKET, MODEL_BUCKET, OUTPUT_BUCKET):
        bucket.ensure_bucket(client, wanted)
    gguf = quickstart.smollm2_gguf()
    bucket.upload(client, gguf, f"{quickstart.MODEL_URI}{gguf.name}")
    install_chart(cluster, load_images(cluster), {"cpu": cpu_profile(cluster)})
    return cluster


@pytest.fixture
def new_team(installed: Cluster) -> Iterator[Callable[[], Team]]:
    """Makes namespaces of this test's own, with the Secret that the profile expects; they go when the test ends."""
    teams: list[Team] = []

    def make() -> Team:
        team = Team(installed, f"team-{uuid.uuid4().hex[:8]}")
        open_namespace(installed, team.namespace)
        teams.append(team)
        return team

    yield make
    for team in teams:
        installed.kubectl.run("delete", "namespace", team.namespace, "--wait=false")


@pytest.fixture
def team(new_team: Callable[[], Team]) -> Team:
    """One such namespace."""
    return new_team()
