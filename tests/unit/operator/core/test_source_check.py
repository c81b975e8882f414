"""A published version and its sources: looked at now and then, told in a condition, never followed by a new version."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sft_operator.core.observed import JobEnd
from tests.unit.operator.core.worlds import Cluster, dataset_spec, dataset_world, prepared, profile

DAY = 86_400
ALIKE = {"drift": {"changed": 0, "added": 0, "removed": 0}}
CHANGED = {"drift": {"changed": 1, "added": 2, "removed": 0}}


def ready(**spec: Any) -> Cluster:
    cluster = Cluster(dataset_world(spec=dataset_spec(**spec)))
    cluster.settle()
    cluster.end_pod(0, "Completed", **prepared())
    return cluster


def types(cluster: Cluster) -> set[str]:
    return {condition.type for condition in cluster.status.conditions}


def test_sources_are_looked_at_once_a_day_and_nothing_is_written_between() -> None:
    cluster = ready()
    before = cluster.status
    decision = cluster.wait(DAY - 60)
    assert (decision.status, decision.create, decision.is_settled) == (before, None, True)
    assert decision.requeue_after_seconds == 60
    assert "SourcesChanged" not in types(cluster)
    cluster.wait(60)
    assert cluster.newest_job().name == "ids-faq-11111111-g1-check1"
    cluster.end_pod(0, "Completed", **ALIKE)
    assert cluster.truth("SourcesChanged") == ("False", "SourcesUnchanged")
    assert cluster.wait(DAY - 60).create is None
    cluster.wait(60)
    assert cluster.newest_job().name == "ids-faq-11111111-g1-check2"
    assert cluster.handed_over == [job["metadata"]["name"] for job in cluster.created], "each Job has its config"


def test_the_check_gets_the_sources_the_report_and_their_keys_but_little_of_the_node() -> None:
    cluster = ready()
    cluster.wait(DAY)
    config, pod = json.loads(cluster.configs[-1]), cluster.created[-1]["spec"]["template"]["spec"]
    assert config["kind"] == "SourceCheck"
    assert [source["store"]["uri"] for source in config["sources"]] == ["s3://raw/faq/"]
    assert config["run"]["uri"] == "s3://out/team-a/team-a/datasets/faq/runs/11111111-g1-r1/"
    assert pod["containers"][0]["args"] == ["check-sources"]
    assert pod["containers"][0]["resources"]["requests"] == {"cpu": "100m", "memory": "1Gi"}
    names = {source["secret"]["name"] for source in pod["volumes"][0]["projected"]["sources"] if "secret" in source}
    assert names == {"raw-keys", "s3"}


def test_the_check_gets_the_keys_of_a_private_registry() -> None:
    cluster = Cluster(dataset_world(profiles=[profile(imagePullSecrets=["registry"])]))
    cluster.settle()
    cluster.end_pod(0, "Completed", **prepared())
    cluster.wait(DAY)
    assert cluster.newest_job().stage == "check-sources"
    assert cluster.created[-1]["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "registry"}]


def test_changed_sources_are_told_once_and_the_version_stays() -> None:
    cluster = ready()
    version = cluster.status.version
    cluster.wait(DAY)
    cluster.end_pod(0, "Completed", **CHANGED)
    assert cluster.truth("SourcesChanged") == ("True", "SourcesChanged")
    assert "raise spec.run" in cluster.says("SourcesChanged")
    assert cluster.truth("Ready") == ("True", "Published")
    cluster.wait(DAY)
    cluster.end_pod(0, "Completed", **CHANGED)
    assert cluster.announced.count("SourcesChanged") == 1
    assert cluster.status.version == version
    assert sum(name.endswith(("-a1", "-a2")) for name in cluster.jobs) <= 1, "no preparation follows"


def test_another_run_takes_the_changed_sources_in_and_the_condition_goes() -> None:
    cluster = ready()
    cluster.wait(DAY)
    cluster.end_pod(0, "Completed", **CHANGED)
    cluster.edit(dataset_spec(run=2))
    assert "SourcesChanged" not in types(cluster)
    assert cluster.status.source_check is None
    assert cluster.truth("Ready") == ("False", "Preparing")


def test_a_check_in_flight_gives_way_to_an_edit() -> None:
    cluster = ready()
    cluster.wait(DAY)
    check = cluster.newest_job().name
    cluster.edit(dataset_spec(run=2))
    assert check not in cluster.jobs


def test_a_look_that_failed_says_so_without_touching_ready_and_is_made_again_in_an_hour() -> None:
    cluster = ready()
    cluster.wait(DAY)
    cluster.end_pod(15, "StoreDenied")
    assert cluster.truth("SourcesChanged") == ("Unknown", "StoreDenied")
    assert "the pod's remedy" in cluster.says("SourcesChanged")
    assert cluster.truth("Ready") == ("True", "Published")
    assert cluster.wait(3_599).create is None
    cluster.wait(1)
    cluster.end_pod(0, "Completed", **ALIKE)
    assert cluster.truth("SourcesChanged") == ("False", "SourcesUnchanged")


def test_a_profile_that_no_longer_reaches_the_sources_is_told() -> None:
    cluster = ready()
    cluster.world = replace(cluster.world, profiles=[profile(allowedNamespaces=[])])
    cluster.wait(DAY)
    assert cluster.truth("SourcesChanged")[0] == "Unknown"
    assert cluster.truth("Ready") == ("True", "Published")


def test_a_pod_that_never_comes_to_its_end_is_given_up_and_goes() -> None:
    cluster = ready()
    cluster.wait(DAY)
    job = cluster.newest_job().name
    cluster.wait(3_600)
    assert cluster.truth("SourcesChanged") == ("Unknown", "Stalled")
    assert job not in cluster.jobs


def test_a_check_whose_job_someone_deleted_is_over() -> None:
    cluster = ready()
    cluster.wait(DAY)
    del cluster.jobs[cluster.newest_job().name]
    cluster.settle()
    assert cluster.truth("SourcesChanged") == ("Unknown", "ChildDeleted")


def test_a_check_keeps_the_preparations_log_for_its_day_and_only_the_newest_of_its_own() -> None:
    cluster = ready(drift={"checkSeconds": 3_600})
    for _ in range(3):
        cluster.wait(3_600)
        cluster.end_pod(0, "Completed", **ALIKE)
    assert list(cluster.jobs) == ["ids-faq-11111111-g1-r1-a1", "ids-faq-11111111-g1-check3"]


@pytest.mark.parametrize(
    "spec",
    [
        {"drift": {"checkSeconds": 0}},
        {"sources": [{"name": "rows", "inline": {"jsonl": "{}"}}]},
        {"sources": [{"name": "file", "http": {"url": "https://example.com/a.jsonl", "sha256": "a" * 64}}]},
    ],
)
def test_what_cannot_change_or_is_not_to_be_watched_is_never_looked_at(spec: dict[str, Any]) -> None:
    cluster = ready(**spec)
    decision = cluster.wait(100 * DAY)
    assert (decision.create, decision.is_settled, decision.requeue_after_seconds) == (None, True, None)


def test_no_longer_watched_the_condition_goes() -> None:
    cluster = ready()
    cluster.wait(DAY)
    cluster.end_pod(0, "Completed", **CHANGED)
    spec = dataset_spec(drift={"checkSeconds": 0})
    cluster.world = replace(cluster.world, spec=spec)
    cluster.settle()
    assert "SourcesChanged" not in types(cluster)


def test_a_check_ends_with_its_job() -> None:
    cluster = ready()
    cluster.wait(DAY)
    job = cluster.newest_job()
    cluster.jobs[job.name] = replace(job, end=JobEnd("Failed", "BackoffLimitExceeded", "", cluster.now))
    cluster.wait(10)
    assert cluster.truth("SourcesChanged") == ("Unknown", "EvidenceLost")
