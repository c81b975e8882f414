"""An InstructionDataset from its first sight to a version, through everything that can go wrong between."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sft_operator.api.reasons import Reason
from sft_operator.core.checks import Unmet
from sft_operator.core.conditions import Moment
from sft_operator.core.dataset.decide import decide as decide_dataset
from sft_operator.core.dataset.status import cannot_be_decided
from sft_operator.core.observed import Children, JobEnd, Terminated, Warned
from sft_trainer.contract import NearDuplicateSettings, PrepareConfig
from tests.unit.operator.core import worlds
from tests.unit.operator.core.worlds import Cluster, dataset_spec, dataset_world, job_end, message, prepared, profile


def begun(**changes: Any) -> Cluster:
    cluster = Cluster(dataset_world(**changes))
    cluster.settle()
    return cluster


def ready() -> Cluster:
    cluster = begun()
    cluster.end_pod(0, "Completed", **prepared())
    return cluster


def test_the_attempt_is_recorded_before_its_job_is_created() -> None:
    cluster = Cluster(dataset_world())
    decision = cluster.look()
    attempt = decision.status.attempts[-1]
    assert decision.create is not None
    assert attempt.job_name == decision.create.job["metadata"]["name"] == "ids-faq-11111111-g1-r1-a1"
    assert attempt.job_uid is None
    assert cluster.look().status.attempts[-1].job_uid == "uid-ids-faq-11111111-g1-r1-a1"


def test_a_job_whose_creation_was_not_answered_is_asked_for_again_under_the_same_name() -> None:
    cluster = Cluster(dataset_world())
    first = cluster.look()
    assert first.create is not None
    cluster.jobs.clear()
    cluster.created.clear()
    second = cluster.look()
    assert second.create == first.create
    assert second.status.attempt_count == 1


def test_a_version_is_published_when_the_pod_names_one() -> None:
    cluster = ready()
    status = cluster.status
    assert status.version == worlds.version().model_copy(update={"ready_at": "2026-03-01T12:00:00Z"})
    assert status.phase == "Ready"
    assert (cluster.truth("Ready"), cluster.truth("Reconciling")[0]) == (("True", "Published"), "False")
    assert status.accounting.read == status.accounting.kept + status.accounting.rejected_rows == 12
    assert status.rejects[0].file == "a.jsonl"
    assert status.observed_generation == 1
    assert status.failure is None


def test_a_settled_dataset_is_decided_the_same_whenever_one_looks() -> None:
    cluster = ready()
    cluster.edit(dataset_spec(drift={"checkSeconds": 0}))
    cluster.end_pod(0, "Completed", **prepared())
    before = cluster.status
    decision = cluster.wait(86_400)
    assert decision.status == before
    assert decision.is_settled
    assert (decision.create, decision.delete, decision.announce) == (None, [], [])
    assert decision.requeue_after_seconds is None


def test_the_config_names_sources_folders_and_credentials_but_no_secret() -> None:
    config = json.loads(begun().configs[0])
    (source,) = config["sources"]
    assert source["name"] == "faq"
    assert (source["store"]["uri"], source["store"]["credentialsPath"]) == ("s3://raw/faq/", "/run/sft/credentials/raw-keys")
    expected = {
        "uri": "s3://out/team-a/team-a/datasets/faq/",
        "endpoint": "http://s3:9000",
        "credentialsPath": "/run/sft/credentials/s3",
        "isGuarded": False,
        "allowedPrivateHosts": [],
    }
    assert config["versions"].items() >= expected.items()
    assert config["run"]["uri"] == "s3://out/team-a/team-a/datasets/faq/runs/11111111-g1-r1/"


def test_the_config_says_what_duplicates_are_and_what_must_not_be_repeated() -> None:
    spec = dataset_spec(
        dedupe={"exact": "Instruction", "near": {"action": "Keep", "thresholdPercent": 85}},
        contamination={"sources": [{"name": "exam", "s3": {"uri": "s3://raw/exam.jsonl"}}], "ngramTokens": 8},
    )
    config = json.loads(begun(spec=spec).configs[0])
    assert config["dedupe"] == {"exact": "Instruction", "near": {"thresholdPercent": 85, "action": "Keep", "by": "Row"}}
    assert config["contamination"] == {"ngramTokens": 8, "minOverlapPercent": 50}
    assert [source["store"]["uri"] for source in config["evaluationSources"]] == ["s3://raw/exam.jsonl"]


def test_what_is_declared_of_a_source_reaches_the_pod() -> None:
    declared = {"license": "CC-BY-4.0", "language": "zh", "domain": "medical"}
    source = {"name": "faq", "s3": {"uri": "s3://raw/faq/"}} | declared
    [sent] = json.loads(begun(spec=dataset_spec(sources=[source])).configs[0])["sources"]
    assert {name: sent[name] for name in declared} == declared


def test_near_duplicates_that_are_ignored_are_not_looked_for() -> None:
    by_default, ignored = (
        PrepareConfig.model_validate_json(begun(spec=dataset_spec(dedupe=dedupe)).configs[0]).dedupe.near
        for dedupe in ({}, {"near": {"action": "Ignore"}})
    )
    assert by_default == NearDuplicateSettings()
    assert ignored is None


def test_evaluation_rows_outside_the_locations_are_refused_by_the_name_of_their_field() -> None:
    elsewhere = {"sources": [{"name": "exam", "s3": {"uri": "s3://elsewhere/exam.jsonl"}}]}
    cluster = begun(spec=dataset_spec(contamination=elsewhere))
    assert cluster.truth("Accepted") == ("False", "OutsideLocations")
    assert "spec.contamination.sources[exam].s3.uri" in cluster.says("Accepted")


@pytest.mark.parametrize(
    ("profiles", "spec", "reason", "words"),
    [
        pytest.param([], {}, "ProfileNotFound", "ask the platform team", id="no profile at all"),
        pytest.param([profile(default=False)], {}, "ProfileNotFound", "cpu may be used here", id="no default profile"),
        pytest.param([profile()], {"profileName": "gpu"}, "ProfileNotFound", "'gpu' was not found", id="typo"),
        pytest.param([profile("a"), profile("b")], {}, "AmbiguousDefault", "(a, b); name one of them", id="two defaults"),
        pytest.param(
            [profile(allowedNamespaces=["other"])],
            {"profileName": "cpu"},
            "NamespaceNotAllowed",
            "spec.allowedNamespaces",
            id="not admitted",
        ),
        pytest.param(
            [profile()],
            {"sources": [{"name": "x", "s3": {"uri": "s3://elsewhere/x/"}}]},
            "OutsideLocations",
            "'s3://elsewhere/x/'",
            id="outside the locations",
        ),
    ],
)
def test_what_is_not_accepted_says_why_and_starts_nothing(
    profiles: list[Any], spec: dict[str, Any], reason: str, words: str
) -> None:
    cluster = begun(profiles=profiles, spec=dataset_spec(**spec))
    assert cluster.truth("Accepted") == ("False", reason)
    assert cluster.truth("Stalled") == ("True", reason)
    assert words in cluster.says("Accepted")
    assert cluster.status.phase == "Refused"
    assert cluster.created == []
    cluster.world = replace(cluster.world, profiles=[profile("cpu"), profile("gpu", default=False)], spec=dataset_spec())
    cluster.settle()
    assert len(cluster.created) == 1, "it goes on by itself once the cause is mended"
    assert cluster.truth("Accepted")[0] == "True"


def test_a_failure_that_no_retry_can_help_ends_it_with_reason_and_remedy() -> None:
    cluster = begun()
    accounting = {"read": 5, "kept": 0, "rejected": {"UnknownShape": 5}}
    decision = cluster.end_pod(10, "NoRowsKept", accounting=accounting, reportUri="s3://out/report.html")
    assert decision.status.report_uri == "s3://out/report.html"
    assert decision.is_settled
    assert cluster.truth("Ready") == ("False", "NoRowsKept")
    assert cluster.truth("Stalled") == ("True", "NoRowsKept")
    assert "the pod's remedy" in cluster.says("Stalled")
    assert cluster.status.accounting.rejected == {"UnknownShape": 5}
    assert cluster.wait(10_000).create is None


def test_a_failure_that_may_pass_is_retried_three_times_later_and_later() -> None:
    cluster = begun()
    for number, delay in enumerate((10, 20, 40), start=1):
        decision = cluster.end_pod(22, "Hardware")
        assert decision.requeue_after_seconds == delay
        assert cluster.truth("Reconciling") == ("True", "Retrying")
        assert "Hardware" in cluster.says("Ready")
        assert len(cluster.created) == number
        cluster.wait(delay)
        assert len(cluster.created) == number + 1
    cluster.end_pod(22, "Hardware")
    assert cluster.truth("Stalled") == ("True", "Hardware")
    assert "after 3 retries" in cluster.says("Stalled")


@pytest.mark.parametrize("reason", ["StoreUnavailable", "NodeLost", "Evicted"])
def test_an_outage_is_sat_out_however_long_it_is(reason: str) -> None:
    cluster = begun()
    for delay in (10, 20, 40, 80, 160, *[300] * 30):
        assert cluster.end_in_outage(reason).requeue_after_seconds == delay
        assert cluster.truth("Reconciling") == ("True", "Retrying")
        assert cluster.status.failure.reason == reason
        cluster.wait(delay)
    assert cluster.status.retry_count == 0
    assert len(cluster.status.attempts) == 10
    cluster.end_pod(0, "Completed", **prepared())
    assert cluster.truth("Ready")[0] == "True"


def test_an_interruption_counts_against_nothing() -> None:
    cluster = begun()
    for delay in (10, 20, 40, 80, 160):
        assert cluster.end_pod(20, "Preempted").requeue_after_seconds == delay
        assert cluster.truth("Reconciling") == ("True", "Retrying")
        cluster.wait(delay)
    assert cluster.status.retry_count == 0
    cluster.end_pod(0, "Completed", **prepared())
    assert cluster.truth("Ready")[0] == "True"


def test_six_interruptions_in_a_row_end_the_preparation_and_leave_one_job() -> None:
    cluster = begun()
    for _ in range(6):
        cluster.end_pod(20, "Preempted")
        cluster.wait(300)
    assert cluster.truth("Stalled") == ("True", "NoProgress")
    assert "6 attempts in a row were interrupted" in cluster.status.failure.message
    assert len(cluster.created) == 6
    assert len(cluster.jobs) == 1


def test_a_deleted_job_ends_the_attempt_and_is_never_created_again() -> None:
    cluster = begun()
    cluster.jobs.clear()
    cluster.settle()
    assert cluster.status.attempts[-1].reason == "ChildDeleted"
    cluster.wait(10)
    assert [job["metadata"]["name"][-2:] for job in cluster.created] == ["a1", "a2"]


def test_the_pods_of_a_deleted_job_are_waited_for() -> None:
    cluster = begun()
    running = cluster.start_pod()
    cluster.jobs.clear()
    cluster.wait(30)
    assert cluster.truth("Ready") == ("False", "Leaving")
    assert len(cluster.created) == 1
    del cluster.pods[running.uid]
    cluster.settle()
    cluster.wait(10)
    assert len(cluster.created) == 2


def test_a_job_that_is_being_deleted_is_waited_for_while_its_pod_lives() -> None:
    cluster = begun()
    job = cluster.newest_job()
    cluster.start_pod()
    cluster.jobs[job.name] = replace(job, is_being_deleted=True)
    decision = cluster.settle()
    assert cluster.truth("Ready") == ("False", "Leaving")
    assert decision.requeue_after_seconds is not None


def test_a_pod_on_a_node_that_stopped_answering_is_given_up() -> None:
    cluster = begun()
    running = cluster.start_pod()
    cluster.pods[running.uid] = replace(running, deletion_deadline=cluster.now)
    cluster.wait(30)
    assert cluster.truth("Ready") == ("False", "Preparing")
    cluster.wait(31)
    assert cluster.status.attempts[-1].reason == "NodeLost"
    assert cluster.jobs == {}
    assert cluster.status.retry_count == 0, "the rows have nothing to do with it"


def test_an_edit_prepares_anew_and_keeps_the_old_version_until_then() -> None:
    cluster = ready()
    cluster.edit(dataset_spec(split={"evalPercent": 10}))
    assert cluster.status.version.generation == 1
    assert cluster.truth("Ready") == ("False", "Preparing")
    assert [job.name for job in cluster.jobs.values()] == ["ids-faq-11111111-g2-r1-a1"], "the old Job is deleted"
    cluster.end_pod(0, "Completed", **prepared("e" * 64))
    assert cluster.status.version.digest == "e" * 64
    assert [version.digest for version in cluster.status.versions] == [worlds.DIGEST]


def test_an_edit_that_changes_no_row_keeps_one_version() -> None:
    cluster = ready()
    cluster.edit(dataset_spec(run=2))
    cluster.end_pod(0, "Completed", **prepared())
    assert (cluster.status.version.generation, cluster.status.version.run) == (2, 2)
    assert cluster.status.versions == []


def test_an_edit_after_a_failure_starts_anew() -> None:
    cluster = begun()
    cluster.end_pod(10, "SourceEmpty")
    cluster.edit(dataset_spec(run=2))
    assert cluster.status.failure is None
    assert cluster.truth("Stalled")[0] == "False"
    assert cluster.created[-1]["metadata"]["name"] == "ids-faq-11111111-g2-r2-a1"


@pytest.mark.parametrize(
    "result",
    [
        pytest.param({}, id="no result"),
        pytest.param(prepared("../../other"), id="a digest that is none"),
        pytest.param(
            {"prepare": prepared()["prepare"] | {"uri": f"s3://out/team-a/team-b/datasets/faq/{worlds.DIGEST}/"}},
            id="another namespace's folder",
        ),
        pytest.param(
            {"prepare": prepared()["prepare"] | {"uri": f"s3://evil/team-a/team-a/datasets/faq/{worlds.DIGEST}/"}},
            id="a folder that ends alike",
        ),
    ],
)
def test_a_pod_that_names_no_version_of_this_dataset_is_not_believed(result: dict[str, Any]) -> None:
    cluster = begun()
    cluster.end_pod(0, "Completed", **result)
    assert cluster.status.version is None
    assert cluster.truth("Stalled") == ("True", "InternalError")


def test_a_version_that_was_published_before_the_output_moved_is_believed() -> None:
    cluster = begun()
    here = [each.model_dump(mode="json", by_alias=True) for each in cluster.world.profiles[0].spec.locations]
    moved = [{"uri": "s3://new-out/", "access": "ReadWrite"}, *here]
    cluster.world = replace(cluster.world, profiles=[profile(locations=moved)])
    cluster.end_pod(0, "Completed", **prepared())
    assert cluster.truth("Ready") == ("True", "Published")


def test_a_preparation_that_ended_while_its_profile_is_gone_is_published_once_it_is_back() -> None:
    cluster = begun()
    profiles = cluster.world.profiles
    cluster.world = replace(cluster.world, profiles=[])
    cluster.end_pod(0, "Completed", **prepared())
    assert cluster.truth("Accepted") == ("False", "ProfileNotFound")
    cluster.world = replace(cluster.world, profiles=profiles)
    cluster.settle()
    assert cluster.truth("Ready") == ("True", "Published")


def test_a_pod_that_waits_for_a_secret_says_so_after_a_short_patience_and_recovers() -> None:
    cluster = begun()
    job = cluster.newest_job()
    waiting = worlds.pod(job.uid, created_at=cluster.now)
    cluster.pods[waiting.uid] = waiting
    warned = [Warned(waiting.uid, "FailedMount", 'MountVolume.SetUp failed for volume "inputs" : secret "s3" not found')]

    def look(seconds: int) -> tuple[str, str, float | None]:
        children = Children(list(cluster.jobs.values()), [waiting], warned)
        world = replace(cluster.world, children=children)
        decision = decide_dataset(world, cluster.now + timedelta(seconds=seconds))
        found = next(condition for condition in decision.status.conditions if condition.type == "Ready")
        return found.reason, found.message, decision.requeue_after_seconds

    assert look(13)[0] == "Preparing"
    assert look(13)[2] == 7, "it is looked at again the moment it is overdue"
    reason, text, again = look(20)
    assert again == 20
    assert reason == "SecretNotFound"
    assert "Secret 's3' was not found in namespace 'team-a'; TrainingProfile 'cpu' expects it there" in text
    cluster.end_pod(0, "Completed", **prepared())
    assert cluster.truth("Ready")[0] == "True"


def test_a_job_that_the_cluster_refuses_says_so_and_is_tried_again_quietly() -> None:
    cluster = Cluster(dataset_world())
    cluster.look()
    cluster.jobs.clear()
    cluster.created.clear()
    refused = replace(cluster.world, children=Children(refusal="exceeded quota: jobs"))
    decision = decide_dataset(refused, cluster.now)
    assert (decision.create, decision.requeue_after_seconds) == (None, 60)
    ready = next(condition for condition in decision.status.conditions if condition.type == "Ready")
    assert (ready.reason, ready.message) == ("PodRefused", "exceeded quota: jobs")
    cluster.world = replace(cluster.world, status=decision.status)
    again = cluster.look()
    assert again.create is not None
    assert again.status == decision.status, "the condition does not flap while it is refused"


def test_an_attempt_whose_profile_went_before_its_job_was_created_waits_for_it() -> None:
    cluster = Cluster(dataset_world())
    cluster.look()
    cluster.jobs.clear()
    cluster.created.clear()
    cluster.world = replace(cluster.world, profiles=[])
    assert cluster.look().create is None
    assert cluster.truth("Accepted") == ("False", "ProfileNotFound")
    cluster.world = replace(cluster.world, profiles=[profile()])
    cluster.settle()
    assert [job["metadata"]["name"][-2:] for job in cluster.created] == ["a1"]


def test_a_pod_that_does_not_start_is_explained_even_if_the_profile_is_gone() -> None:
    cluster = begun()
    waiting = worlds.pod(cluster.newest_job().uid, unschedulable="0/1 nodes are available.", created_at=cluster.now)
    cluster.pods[waiting.uid] = waiting
    cluster.world = replace(cluster.world, profiles=[])
    cluster.wait(20)
    assert cluster.truth("Ready") == ("False", "Unschedulable")


@pytest.mark.parametrize("situation", ["preparing", "retrying", "Ready", "Failed"])
def test_what_the_operator_failed_over_once_is_accepted_again(situation: str) -> None:
    cluster = ready() if situation == "Ready" else begun()
    match situation:
        case "retrying":
            cluster.end_pod(22, "Hardware")
        case "Failed":
            cluster.end_pod(10, "SourceEmpty")
    before = {condition.type: (condition.status, condition.reason) for condition in cluster.status.conditions}
    unmet = Unmet(Reason.INTERNAL_ERROR, "ZeroDivisionError")
    told = cannot_be_decided(cluster.status, unmet, Moment(1, cluster.now))
    cluster.world = replace(cluster.world, status=told)
    assert cluster.truth("Accepted") == ("False", "InternalError")
    assert cluster.truth("Ready")[0] == ("True" if situation == "Ready" else "False")
    cluster.settle()
    assert {condition.type: (condition.status, condition.reason) for condition in cluster.status.conditions} == before


def test_an_object_that_is_being_deleted_is_left_alone() -> None:
    world = dataset_world(parent=replace(worlds.DATASET, is_being_deleted=True))
    decision = decide_dataset(world, worlds.NOW)
    assert (decision.status, decision.create, decision.delete) == (world.status, None, ())


def test_evidence_of_a_pod_that_is_gone_is_read_from_the_jobs_own_message() -> None:
    cluster = begun()
    job = cluster.newest_job()
    text = "Container main for pod team-a/x failed with exit code 15 matching FailJob rule at index 1"
    cluster.jobs[job.name] = replace(job, end=job_end("Failed", "PodFailurePolicy", text))
    cluster.settle()
    assert cluster.truth("Stalled") == ("True", "StoreDenied")


def test_a_completed_job_without_a_message_is_tried_again() -> None:
    cluster = begun()
    job = cluster.newest_job()
    cluster.jobs[job.name] = replace(job, end=job_end("Complete", "", ""))
    cluster.settle()
    assert cluster.status.attempts[-1].reason == "EvidenceLost"
    assert cluster.truth("Reconciling") == ("True", "Retrying")


def test_an_end_that_may_be_on_its_way_is_waited_for() -> None:
    cluster = begun()
    job = cluster.newest_job()
    cluster.jobs[job.name] = replace(job, end=JobEnd("Failed", "BackoffLimitExceeded", "", cluster.now))
    decision = cluster.settle()
    assert decision.requeue_after_seconds == 2
    assert cluster.status.attempts[-1].ended_at is None
    cluster.wait(5)
    assert cluster.status.attempts[-1].reason == "EvidenceLost"


def test_another_pods_message_is_no_evidence() -> None:
    cluster = begun()
    job = cluster.newest_job()
    ended = worlds.pod(job.uid, phase="Succeeded")
    said = message("someone-else", 0, "Completed", **prepared())
    cluster.pods[ended.uid] = replace(ended, terminated=Terminated(0, "Completed", said))
    cluster.jobs[job.name] = replace(job, end=job_end("Complete", "", ""))
    cluster.settle()
    assert cluster.status.version is None
    assert cluster.status.attempts[-1].reason == "EvidenceLost"


def test_conditions_keep_the_time_at_which_they_became_so() -> None:
    cluster = begun()
    since = {condition.type: condition.last_transition_time for condition in cluster.status.conditions}
    cluster.start_pod()
    cluster.wait(600)
    assert {condition.type: condition.last_transition_time for condition in cluster.status.conditions} == since
    cluster.end_pod(0, "Completed", **prepared())
    ready = next(condition for condition in cluster.status.conditions if condition.type == "Ready")
    assert ready.last_transition_time == "2026-03-01T12:10:00Z"


def test_events_tell_each_turn_once() -> None:
    cluster = begun()
    cluster.end_pod(13, "StoreUnavailable")
    cluster.wait(10)
    cluster.end_pod(0, "Completed", **prepared())
    cluster.wait(1000)
    assert cluster.announced == ["Preparing", "Retrying", "Preparing", "Published"]
