"""An SFTJob from its first sight to an artifact, through everything that can go wrong between."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sft_operator.api.instruction_dataset import InstructionDatasetStatus
from sft_operator.api.reasons import Reason
from sft_operator.core.checks import Unmet
from sft_operator.core.conditions import Moment
from sft_operator.core.observed import Children, DatasetSeen, Terminated
from sft_operator.core.sftjob.decide import decide as decide_sft_job
from sft_operator.core.sftjob.status import cannot_be_decided
from sft_operator.core.status_size import size
from sft_trainer.contract import Progress
from tests.unit.operator.core import worlds
from tests.unit.operator.core.worlds import (
    Cluster,
    job_end,
    planned,
    profile,
    ready_dataset,
    sft_job_spec,
    sft_job_world,
    trained,
)


def begun(**changes: Any) -> Cluster:
    cluster = Cluster(sft_job_world(**changes))
    cluster.settle()
    return cluster


def training(**changes: Any) -> Cluster:
    cluster = begun(**changes)
    cluster.end_pod(0, "Completed", **planned())
    return cluster


def started(stage: str) -> Cluster:
    """A run whose plan or training Job is there."""
    return begun() if stage == "plan" else training()


STAGES = pytest.mark.parametrize("stage", ["plan", "train"])


def succeed(cluster: Cluster, **changes: Any) -> None:
    cluster.end_pod(0, "Completed", **trained(cluster.status.resolved.output_uri, **changes))


def created_names(cluster: Cluster) -> list[str]:
    return [job["metadata"]["name"] for job in cluster.created]


def running(cluster: Cluster, **figures: Any) -> None:
    """The pod runs and answers with these figures."""
    started = cluster.start_pod()
    answer = {"podUid": started.uid, "phase": "Training", "step": 1, "totalSteps": 6, "updatedAt": 1772366400}
    cluster.world = replace(cluster.world, progress=Progress.model_validate(answer | figures))
    cluster.settle()


def test_a_run_plans_resolves_trains_and_succeeds() -> None:
    cluster = training()
    assert cluster.status.resolved is not None
    succeed(cluster)
    assert created_names(cluster) == ["sft-bot-99999999-r1-plan1", "sft-bot-99999999-r1-a1"]
    assert cluster.truth("Succeeded") == ("True", "Completed")
    assert cluster.truth("Ready")[0] == "True"
    assert cluster.truth("Reconciling")[0] == "False"
    status = cluster.status
    assert (status.phase, status.run, status.attempt_count, status.plan_count) == ("Succeeded", 1, 1, 1)
    assert status.artifact.manifest_digest == worlds.MANIFEST_DIGEST
    assert len(status.samples) == 3
    assert (status.progress.percent, status.progress.display.step, status.progress.loss) == (100, "6/6", "1.235")


def test_a_settled_run_is_decided_the_same_whenever_one_looks() -> None:
    cluster = training()
    succeed(cluster)
    before = cluster.status
    decision = cluster.wait(86_400)
    assert (decision.status, decision.create, decision.is_settled) == (before, None, True)
    assert (decision.delete, decision.announce, decision.requeue_after_seconds) == ([], [], None) or decision.delete == ()


def test_resolved_stands_before_the_first_training_job() -> None:
    cluster = begun()
    job, ended = cluster.newest_job(), cluster.start_pod()
    said = worlds.message(ended.uid, 0, "Completed", **planned())
    cluster.pods[ended.uid] = replace(ended, phase="Succeeded", terminated=Terminated(0, "Completed", said))
    cluster.jobs[job.name] = replace(job, end=job_end("Complete", "", ""))
    decision = cluster.look()
    assert decision.status.resolved is not None
    assert (decision.create, decision.requeue_after_seconds) == (None, 0)
    decision = cluster.look()
    assert decision.create is not None
    assert decision.status.attempts[-1].job_uid is None, "the attempt is recorded before its Job exists"


def test_the_configs_speak_of_the_pinned_versions_and_folders() -> None:
    cluster = training()
    plan, run = (json.loads(config) for config in cluster.configs)
    assert plan["kind"] == "Plan"
    assert plan["datasets"][0]["digest"] == worlds.DIGEST
    assert plan["datasets"][0]["store"]["credentialsPath"] == "/run/sft/credentials/s3"
    assert plan["output"]["uri"] == "s3://out/team-a/team-a/jobs/bot/"
    assert run["output"]["uri"] == cluster.status.resolved.output_uri
    assert run["modelCache"]["uri"] == f"s3://out/team-a/team-a/models/{worlds.REVISION}/"
    assert run["training"]["maxSequenceLength"] == 512, "the model was made for no more"
    assert (run["training"]["learningRate"], run["training"]["precision"]) == (2e-4, "FP32")
    assert (run["lastCommittedStep"], run["attempt"], run["run"]) == (0, 1, 1)


def failed_dataset() -> DatasetSeen:
    conditions = [worlds.condition("Ready", "False"), worlds.condition("Stalled", "True", reason="SourceEmpty")]
    return DatasetSeen(1, InstructionDatasetStatus(observed_generation=1, phase="Failed", conditions=conditions))


@pytest.mark.parametrize(
    ("datasets", "reason", "words"),
    [
        pytest.param({}, "DatasetNotFound", "'faq' was not found in namespace 'team-a'", id="not there"),
        pytest.param({"faq": DatasetSeen(1, InstructionDatasetStatus())}, "DatasetNotReady", "not looked at yet", id="fresh"),
        pytest.param({"faq": ready_dataset(2, observed=1)}, "DatasetNotReady", "is waited for", id="edited since it was ready"),
        pytest.param({"faq": failed_dataset()}, "DatasetFailed", "'faq' failed", id="failed"),
    ],
)
def test_a_dataset_that_is_not_ready_is_waited_for(datasets: dict[str, DatasetSeen], reason: str, words: str) -> None:
    cluster = begun(datasets=datasets)
    assert cluster.truth("DatasetsReady") == ("False", reason)
    assert cluster.truth("Reconciling") == ("True", reason)
    assert cluster.truth("Stalled")[0] == "False"
    assert cluster.truth("Succeeded")[0] == "Unknown"
    assert words in cluster.says("DatasetsReady")
    assert cluster.created == []
    cluster.world = replace(cluster.world, datasets={"faq": ready_dataset(2)})
    cluster.settle()
    assert cluster.truth("DatasetsReady")[0] == "True"
    assert created_names(cluster) == ["sft-bot-99999999-r1-plan1"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"profiles": []}, "ProfileNotFound", id="no profile"),
        pytest.param(
            {"spec": sft_job_spec(model={"s3": {"uri": "s3://elsewhere/m/"}})}, "OutsideLocations", id="model elsewhere"
        ),
        pytest.param({"spec": sft_job_spec(training={"learningRate": "0"})}, "InvalidSpec", id="out of bounds"),
        pytest.param({"spec": sft_job_spec(model={})}, "InvalidSpec", id="no model source"),
        pytest.param(
            {"profiles": [profile(locations=[{"uri": "s3://raw/", "access": "Read"}])]},
            "OutsideLocations",
            id="nowhere to write",
        ),
        pytest.param(
            {
                "profiles": [
                    profile(
                        locations=[
                            {"uri": "s3://raw/", "access": "Read"},
                            {"uri": "s3://other/", "access": "ReadWrite"},
                        ]
                    )
                ]
            },
            "OutsideLocations",
            id="the dataset's version is out of reach",
        ),
    ],
)
def test_what_is_not_accepted_says_why_and_starts_nothing(changes: dict[str, Any], reason: str) -> None:
    cluster = begun(**changes)
    assert cluster.truth("Accepted") == ("False", reason)
    assert cluster.truth("Stalled") == ("True", reason)
    assert cluster.truth("Succeeded")[0] == "Unknown", "it is no result"
    assert cluster.created == []
    cluster.world = replace(cluster.world, profiles=[profile()], spec=sft_job_spec())
    cluster.settle()
    assert len(cluster.created) == 1
    assert cluster.truth("Accepted")[0] == "True"


def test_a_model_from_elsewhere_is_opened_with_the_users_own_secret() -> None:
    model = {"s3": {"uri": "s3://mine/m/", "secretName": "mine", "endpoint": "https://s3.example.com"}}
    cluster = begun(spec=sft_job_spec(model=model))
    config = json.loads(cluster.configs[0])
    expected = {
        "uri": "s3://mine/m/",
        "endpoint": "https://s3.example.com",
        "credentialsPath": "/run/sft/credentials/mine",
        "isGuarded": True,
        "allowedPrivateHosts": [],
    }
    assert config["model"].items() >= expected.items()


def test_datasets_are_trained_on_in_the_order_of_their_names_whatever_the_spec_says() -> None:
    datasets = {name: ready_dataset() for name in ("b", "a", "c")}
    outputs = set()
    for order in ("bac", "cab"):
        cluster = training(datasets=datasets, spec=sft_job_spec(datasets=[{"name": name} for name in order]))
        outputs.add(cluster.status.resolved.output_uri)
        assert [[each["name"] for each in json.loads(config)["datasets"]] for config in cluster.configs] == [["a", "b", "c"]] * 2
    assert len(outputs) == 1


def test_a_run_that_cannot_work_fails_in_its_plan() -> None:
    cluster = begun()
    decision = cluster.end_pod(10, "ModelWithoutWeights")
    assert decision.is_settled
    assert cluster.truth("Succeeded") == ("False", "ModelWithoutWeights")
    assert cluster.truth("Stalled") == ("True", "ModelWithoutWeights")
    assert cluster.truth("Planned") == ("False", "ModelWithoutWeights")
    assert cluster.status.failure.remedy == "the pod's remedy"
    assert cluster.status.attempts == []
    assert cluster.wait(10_000).create is None


def test_a_spec_that_was_mended_before_it_was_resolved_is_planned_anew() -> None:
    cluster = begun()
    cluster.end_pod(10, "ModelNotFound")
    cluster.edit(sft_job_spec(model={"s3": {"uri": "s3://raw/models/other/"}}))
    assert created_names(cluster)[-1] == "sft-bot-99999999-r1-plan2"
    assert cluster.truth("Stalled")[0] == "False"
    assert cluster.status.failure is None
    cluster.end_pod(0, "Completed", **planned())
    assert "sft-bot-99999999-r1-plan1" not in cluster.jobs, "the log of a plan is there until the next one has ended"
    assert cluster.status.resolved.model.uri == "s3://raw/models/other/"


def test_a_plan_at_work_is_superseded_by_an_edit() -> None:
    cluster = begun()
    cluster.edit(sft_job_spec(training={"epochs": 1}))
    assert [attempt.reason for attempt in cluster.status.plans] == ["Superseded", None]
    assert list(cluster.jobs) == ["sft-bot-99999999-r1-plan2"]


def test_other_limits_leave_a_plan_at_work_alone() -> None:
    cluster = begun()
    cluster.edit(sft_job_spec(limits={"maxRetries": 7}))
    cluster.end_pod(0, "Completed", **planned())
    assert created_names(cluster) == ["sft-bot-99999999-r1-plan1", "sft-bot-99999999-r1-a1"]


def test_a_superseded_plan_goes_even_if_the_operator_died_before_it_could_delete_it() -> None:
    cluster = begun()
    outdated = dict(cluster.jobs)
    cluster.edit(sft_job_spec(training={"epochs": 1}))
    cluster.jobs.update(outdated)
    cluster.settle()
    assert list(cluster.jobs) == ["sft-bot-99999999-r1-plan2"]


def test_plans_that_are_interrupted_again_and_again_are_given_up_ever_later() -> None:
    cluster = begun()
    for delay in (10, 20, 40, 80, 160):
        assert cluster.end_pod(20, "Preempted").requeue_after_seconds == delay
        cluster.wait(delay)
    cluster.end_pod(20, "Preempted")
    assert cluster.truth("Succeeded") == ("False", "NoProgress")
    assert len(cluster.jobs) == 1


def test_the_job_of_a_failed_run_stays_a_day_for_its_log() -> None:
    cluster = training()
    decision = cluster.end_pod(12, "NonFiniteLoss")
    assert decision.requeue_after_seconds == 24 * 3600
    assert [job.stage for job in cluster.jobs.values()] == ["train"], "the plan's Job is gone"
    cluster.wait(24 * 3600)
    assert not cluster.jobs
    assert cluster.truth("Succeeded") == ("False", "NonFiniteLoss")


def test_a_job_that_no_attempt_names_goes_after_a_minute() -> None:
    cluster = training()
    stray = replace(cluster.newest_job(), name="sft-bot-99999999-r1-a7", uid="uid-stray", created_at=cluster.now)
    cluster.jobs[stray.name] = stray
    cluster.settle()
    assert stray.name in cluster.jobs
    cluster.wait(60)
    assert stray.name not in cluster.jobs
    assert len(cluster.jobs) == 2


def test_a_new_run_does_not_wait_for_a_pod_on_a_lost_node() -> None:
    cluster = training()
    running = cluster.start_pod()
    job = cluster.newest_job()
    told = replace(running, deletion_deadline=cluster.now)
    cluster.pods[running.uid] = told
    cluster.jobs[job.name] = replace(job, is_being_deleted=True)
    cluster.edit(sft_job_spec(run=2))
    assert cluster.truth("Ready") == ("False", "EndingPreviousRun")
    cluster.wait(61)
    assert cluster.status.run == 2
    assert created_names(cluster)[-1] == "sft-bot-99999999-r2-plan1"


@pytest.mark.parametrize("has_pod", [False, True], ids=["without a pod", "with a pod that ended"])
def test_a_new_run_does_not_wait_for_a_job_that_a_finalizer_holds(has_pod: bool) -> None:
    cluster = training()
    job = cluster.newest_job()
    if has_pod:
        ended = cluster.start_pod()
        cluster.pods[ended.uid] = replace(ended, terminated=Terminated(20, "Error", ""))
    cluster.jobs[job.name] = replace(job, is_being_deleted=True)
    cluster.edit(sft_job_spec(run=2))
    assert created_names(cluster)[-1] == "sft-bot-99999999-r2-plan1"
    assert cluster.jobs[job.name].is_being_deleted, "it goes when its finalizer does"


def test_a_run_goes_on_in_its_own_location_when_the_profile_publishes_elsewhere() -> None:
    cluster = training()
    began_in = cluster.status.resolved.output_uri
    here = cluster.world.profiles[0].spec.locations
    new = {"uri": "s3://new-out/", "access": "ReadWrite", "endpoint": "http://new:9000", "secretName": "new"}
    old = [location.model_dump(mode="json", by_alias=True, exclude_none=True) for location in here]
    cluster.world = replace(cluster.world, profiles=[profile(locations=[new, *old])])
    cluster.end_pod(22, "Hardware")
    cluster.wait(10)
    config, pod = json.loads(cluster.configs[-1]), cluster.created[-1]["spec"]["template"]["spec"]
    assert (config["output"]["uri"], config["output"]["endpoint"]) == (began_in, "http://s3:9000")
    cache = config["modelCache"]
    assert (cache["uri"], cache["endpoint"]) == (f"s3://out/team-a/team-a/models/{worlds.REVISION}/", "http://s3:9000")
    secrets = {source["secret"]["name"] for source in pod["volumes"][0]["projected"]["sources"] if "secret" in source}
    assert secrets == {"raw-keys", "s3"}, "the new location's keys are not needed"


def test_a_plan_is_retried_three_times_with_the_same_versions() -> None:
    cluster = begun()
    for delay in (10, 20, 40):
        assert cluster.end_pod(22, "Hardware").requeue_after_seconds == delay
        cluster.world = replace(cluster.world, datasets={"faq": ready_dataset(2)})
        cluster.wait(delay)
    cluster.end_pod(22, "Hardware")
    assert cluster.truth("Succeeded") == ("False", "Hardware")
    assert len(cluster.created) == 4
    assert {json.loads(config)["datasets"][0]["digest"] for config in cluster.configs} == {worlds.DIGEST}


@STAGES
def test_a_store_that_is_away_for_hours_ends_no_run(stage: str) -> None:
    cluster = started(stage)
    for delay in (10, 20, 40, 80, 160, *[300] * 30):
        assert cluster.end_pod(13, "StoreUnavailable").requeue_after_seconds == delay
        assert cluster.truth("Reconciling") == ("True", "Retrying")
        cluster.wait(delay)
    assert (cluster.status.retry_count, cluster.status.plan_retry_count) == (0, 0)
    if stage == "plan":
        cluster.end_pod(0, "Completed", **planned())
    succeed(cluster)
    assert cluster.truth("Succeeded")[0] == "True"


def test_an_outage_between_failures_makes_them_no_fewer() -> None:
    cluster = training(spec=sft_job_spec(limits={"maxRetries": 1}))
    cluster.end_pod(22, "Hardware")
    cluster.wait(10)
    assert cluster.end_pod(13, "StoreUnavailable").requeue_after_seconds == 10
    cluster.wait(10)
    cluster.end_pod(22, "Hardware")
    assert cluster.truth("Succeeded") == ("False", "Hardware")


def test_failures_between_which_checkpoints_are_committed_go_on() -> None:
    cluster = training(spec=sft_job_spec(limits={"maxRetries": 1}))
    for step in range(2, 20, 2):
        cluster.end_pod(22, "Hardware", train={"lastCommittedStep": step, "totalSteps": 20})
        assert cluster.status.retry_count == 1
        cluster.wait(10)
    succeed(cluster)
    assert cluster.truth("Succeeded")[0] == "True"


@pytest.mark.parametrize(
    "result",
    [pytest.param({}, id="no result"), pytest.param(planned(revision="none"), id="a revision that is none")],
)
def test_a_plan_whose_figures_cannot_be_is_not_believed(result: dict[str, Any]) -> None:
    cluster = begun()
    cluster.end_pod(0, "Completed", **result)
    assert not cluster.status.resolved
    assert cluster.truth("Succeeded") == ("False", "InternalError")


def test_training_is_retried_as_often_as_the_limit_says_and_goes_on_from_the_newest_checkpoint() -> None:
    cluster = training(spec=sft_job_spec(limits={"maxRetries": 1}))
    decision = cluster.end_pod(22, "Hardware", train={"lastCommittedStep": 4, "resumedFromStep": 0, "totalSteps": 6})
    assert decision.requeue_after_seconds == 10
    assert cluster.truth("Reconciling") == ("True", "Retrying")
    assert cluster.status.phase == "Retrying"
    cluster.wait(10)
    assert json.loads(cluster.configs[-1])["lastCommittedStep"] == 4
    assert cluster.status.attempts[-1].last_committed_step == 4
    cluster.end_pod(22, "Hardware")
    assert cluster.truth("Succeeded") == ("False", "Hardware")
    assert cluster.status.retry_count == 1
    assert cluster.wait(10_000).create is None


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [(10, "ModelChanged"), (11, "OutOfMemory"), (12, "NonFiniteLoss"), (14, "CheckpointUnusable"), (15, "StoreFull")],
)
def test_a_cause_that_stays_ends_the_run_at_once(exit_code: int, reason: str) -> None:
    cluster = training()
    cluster.end_pod(exit_code, reason)
    assert cluster.truth("Succeeded") == ("False", reason)
    assert cluster.truth("Stalled") == ("True", reason)
    assert cluster.status.failure.exit_code == exit_code


def test_three_interruptions_without_a_newer_checkpoint_end_the_run() -> None:
    cluster = training()
    cluster.end_pod(20, "Preempted", train={"lastCommittedStep": 2})
    cluster.wait(10)
    assert cluster.status.interruption_count == 0
    for count in (1, 2):
        cluster.end_pod(20, "Preempted", train={"lastCommittedStep": 2})
        assert cluster.status.interruption_count == count
        cluster.wait(10)
    cluster.end_pod(20, "Preempted", train={"lastCommittedStep": 2})
    assert cluster.truth("Succeeded") == ("False", "NoProgress")
    assert "spec.checkpoint.everySteps" in cluster.status.failure.remedy
    assert cluster.status.retry_count == 0


def test_interruptions_between_which_checkpoints_are_committed_go_on_for_ever() -> None:
    cluster = training()
    for step in range(1, 15):
        cluster.end_pod(20, "Preempted", train={"lastCommittedStep": step})
        cluster.wait(10)
    assert cluster.status.attempt_count == 15
    assert len(cluster.status.attempts) == 10
    assert [job.attempt for job in cluster.jobs.values()] == [14, 15], "only the newest that ended is there for its log"
    succeed(cluster)
    assert cluster.truth("Succeeded")[0] == "True"


@pytest.mark.parametrize(
    "artifact",
    [
        pytest.param(None, id="none named"),
        pytest.param({"uri": "s3://else/artifact/", "manifestDigest": worlds.MANIFEST_DIGEST, "bytes": 1}, id="elsewhere"),
        pytest.param({"uri": "s3://out/", "manifestDigest": "short", "bytes": 1}, id="no digest"),
    ],
)
def test_success_needs_an_artifact_of_this_run(artifact: Any) -> None:
    cluster = training()
    succeed(cluster, artifact=artifact)
    assert cluster.truth("Succeeded") == ("False", "ArtifactMissing")
    assert cluster.status.artifact is None


def test_a_run_that_found_its_work_done_says_so() -> None:
    cluster = training()
    cluster.end_pod(0, "AlreadyCompleted", **trained(cluster.status.resolved.output_uri))
    assert cluster.truth("Succeeded") == ("True", "AlreadyCompleted")


def test_a_running_pod_makes_the_run_ready_and_its_figures_stand_in_the_status() -> None:
    cluster = training()
    assert cluster.truth("PodsReady") == ("False", "Starting")
    running(cluster, step=3, loss=1.5, lastCommittedStep=2, etaSeconds=130, firstStepAt=1772366460, learningRate=1e-4)
    assert cluster.truth("PodsReady") == ("True", "Training")
    assert cluster.truth("Ready") == ("True", "Training")
    assert cluster.truth("Reconciling")[0] == "False"
    progress = cluster.status.progress
    assert (progress.step, progress.total_steps, progress.percent, progress.last_committed_step) == (3, 6, 50, 2)
    assert (progress.display.step, progress.display.progress, progress.display.eta) == ("3/6", "50%", "2m10s")
    assert (progress.loss, progress.learning_rate, progress.first_step_at) == ("1.5", "0.0001", "2026-03-01T12:01:00Z")


def test_another_pods_figures_are_not_taken() -> None:
    cluster = training()
    running(cluster, step=3, podUid="someone-else")
    assert cluster.status.progress is None


def test_a_training_pod_that_fits_on_no_node_says_what_is_asked_for() -> None:
    gpus = {"cpu": "4", "memory": "8Gi", "disk": "10Gi", "gpu": {"count": 2}}
    cluster = training(profiles=[profile("gpu", resources=gpus)])
    assert cluster.status.resolved.precision == "BF16"
    assert cluster.created[-1]["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"
    job = cluster.newest_job()
    text = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
    cluster.pods["p"] = worlds.pod(job.uid, unschedulable=text, created_at=cluster.now)
    decision = cluster.wait(20)
    assert cluster.truth("PodsReady") == ("False", "Unschedulable")
    assert text in cluster.says("PodsReady")
    assert "TrainingProfile 'gpu' asks for cpu 4, memory 8Gi, nvidia.com/gpu 2" in cluster.says("Ready")
    assert decision.requeue_after_seconds == 20
    assert cluster.truth("Stalled")[0] == "False", "a node may come"


def test_a_greater_run_ends_the_old_one_first_and_trains_again() -> None:
    cluster = training()
    running(cluster)
    old_output = cluster.status.resolved.output_uri
    cluster.edit(sft_job_spec(run=2))
    assert created_names(cluster)[-1] == "sft-bot-99999999-r2-plan1"
    assert list(cluster.jobs) == ["sft-bot-99999999-r2-plan1"]
    assert cluster.status.run == 2
    assert not cluster.status.resolved
    assert cluster.status.progress is None
    cluster.end_pod(0, "Completed", **planned())
    assert cluster.status.resolved.output_uri == old_output.replace("-r1/", "-r2/")
    succeed(cluster)
    assert cluster.truth("Succeeded") == ("True", "Completed")


def test_the_old_runs_jobs_are_waited_for() -> None:
    cluster = training()
    job = cluster.newest_job()
    cluster.start_pod()
    cluster.jobs = {job.name: replace(job, is_being_deleted=True)}
    decision = cluster.edit(sft_job_spec(run=2))
    assert cluster.truth("Reconciling") == ("True", "EndingPreviousRun")
    assert (decision.create, decision.delete, cluster.status.run) == (None, [], 1)
    cluster.jobs.clear()
    cluster.settle()
    assert cluster.status.run == 2


def test_a_finished_run_that_is_raised_has_no_result_until_the_new_one_ends() -> None:
    cluster = training()
    succeed(cluster)
    cluster.edit(sft_job_spec(run=2))
    assert cluster.truth("Succeeded") == ("Unknown", "Running")
    assert cluster.status.artifact is None
    assert cluster.truth("Planned")[0] == "False"


def test_earlier_runs_are_told_newest_first() -> None:
    cluster = training()
    succeed(cluster)
    first = cluster.status.artifact
    cluster.edit(sft_job_spec(run=2))
    cluster.end_pod(10, "ModelNotFound")
    for run in range(3, 9):
        cluster.edit(sft_job_spec(run=run))
    runs = cluster.status.runs
    assert [(summary.run, summary.reason) for summary in runs] == [(run, "Superseded") for run in (7, 6, 5, 4, 3)]
    assert cluster.status.run == 8
    cluster = training()
    succeed(cluster)
    cluster.edit(sft_job_spec(run=2))
    cluster.end_pod(10, "ModelNotFound")
    cluster.edit(sft_job_spec(run=3))
    assert [(summary.run, summary.reason) for summary in cluster.status.runs] == [(2, "ModelNotFound"), (1, "Completed")]
    assert cluster.status.runs[1].manifest_digest == first.manifest_digest


def test_limits_may_change_within_a_run_and_a_failed_run_stays_failed() -> None:
    cluster = training(spec=sft_job_spec(limits={"maxRetries": 0}))
    cluster.end_pod(22, "Hardware")
    decision = cluster.edit(sft_job_spec(limits={"maxRetries": 5}))
    assert decision.create is None
    assert cluster.status.observed_generation == 2
    assert cluster.truth("Succeeded") == ("False", "Hardware")
    assert all(
        condition.observed_generation == 2
        for condition in cluster.status.conditions
        if condition.type in ("Succeeded", "Ready", "Stalled", "Reconciling")
    )


def test_a_resolved_run_keeps_its_profile_and_image() -> None:
    cluster = training()
    images = replace(worlds.IMAGES, trainer="registry/trainer:2")
    others = [profile("another"), profile("cpu", default=False)]
    cluster.world = replace(cluster.world, images=images, profiles=others)
    cluster.end_pod(22, "Hardware")
    cluster.wait(10)
    assert cluster.created[-1]["spec"]["template"]["spec"]["containers"][0]["image"] == "registry/trainer:1"


def test_a_profile_that_went_away_is_waited_for_between_attempts() -> None:
    cluster = training()
    cluster.end_pod(22, "Hardware")
    cluster.world = replace(cluster.world, profiles=[])
    cluster.wait(10)
    assert cluster.truth("Accepted") == ("False", "ProfileNotFound")
    assert len(cluster.created) == 2
    cluster.world = replace(cluster.world, profiles=[profile()])
    cluster.settle()
    assert len(cluster.created) == 3
    assert cluster.truth("Accepted")[0] == "True"


LONG_NAMES = [f"dataset-{number}-{'n' * 26}" for number in range(8)]
"""As many as a job may name, and as long."""


def longest(prefix_length: int) -> Cluster:
    """A job with the longest names in a namespace with the longest one, whose output lies below so long a prefix."""
    prefix = f"s3://tuned-models/{'x' * (prefix_length - 19)}/"
    locations = [{"uri": "s3://raw/", "access": "Read"}, {"uri": prefix, "access": "ReadWrite", "secretName": "s3"}]
    parent = replace(worlds.SFT_JOB, name="j" * 36, namespace="n" * 63)
    datasets = {name: dataset_below(f"{prefix}{parent.namespace}/datasets/{name}/") for name in LONG_NAMES}
    return begun(parent=parent, spec=long_spec(1), profiles=[profile("p" * 36, locations=locations)], datasets=datasets)


def dataset_below(folder: str) -> DatasetSeen:
    seen = ready_dataset()
    version = worlds.version().model_copy(update={"uri": f"{folder}{worlds.DIGEST}/"})
    return replace(seen, status=seen.status.model_copy(update={"version": version}))


def long_spec(run: int) -> Any:
    model = {"s3": {"uri": f"s3://raw/{'m' * 240}/"}}
    datasets = [{"name": name} for name in LONG_NAMES]
    return sft_job_spec(run=run, model=model, datasets=datasets, limits={"maxRetries": 100})


def fail_at_length(cluster: Cluster, exit_code: int, reason: str) -> None:
    """The pod ends with more Chinese text than any status holds, on a node with a long name."""
    job, ended = cluster.newest_job(), replace(cluster.start_pod(), node="node-" + "n" * 58)
    said = json.loads(worlds.message(ended.uid, exit_code, reason)) | {"message": "显存不足" * 250, "remedy": "请检查" * 330}
    cluster.pods[ended.uid] = replace(ended, phase="Failed", terminated=Terminated(exit_code, "Error", json.dumps(said)))
    cluster.jobs[job.name] = replace(job, end=job_end("Failed"))
    cluster.settle()


@pytest.mark.parametrize("prefix_length", [20, 160, 512])
def test_a_status_whose_lists_are_full_of_the_longest_texts_stays_below_16_kib(prefix_length: int) -> None:
    cluster = longest(prefix_length)
    for run in range(1, 7):
        if run > 1:
            cluster.edit(long_spec(run))
        for _ in range(7):
            fail_at_length(cluster, 13, "StoreUnavailable")
            assert size(cluster.status) < 16 * 1024
            cluster.wait(300)
        cluster.end_pod(0, "Completed", **planned(architecture="A" * 200))
        for _ in range(12 if run == 6 else 0):
            running(cluster, step=3, loss=1.23456e-5, evalLoss=1.5, tokensPerSecond=1e6, learningRate=1e-4, etaSeconds=10_000)
            fail_at_length(cluster, 22, "Hardware")
            assert size(cluster.status) < 16 * 1024
            cluster.wait(300)
        if run < 6:
            succeed(cluster)
    status = cluster.status
    assert (status.plan_count, status.attempt_count, len(status.pinned_datasets)) == (8, 13, 8)
    assert [attempt.number for attempt in status.attempts][-3:] == [11, 12, 13], "the oldest give way"
    assert status.runs[0].run == 5
    succeed(cluster, samples=[{"prompt": "显" * 900, "before": "显" * 900, "after": "显" * 900}] * 5)
    assert len(cluster.status.samples) == 3
    assert size(cluster.status) < 16 * 1024
    assert all(condition.message for condition in cluster.status.conditions if condition.type in ("Ready", "Succeeded"))


def test_a_failure_is_told_in_full_where_it_is_the_newest() -> None:
    cluster = training(spec=sft_job_spec(limits={"maxRetries": 0}))
    fail_at_length(cluster, 22, "Hardware")
    assert cluster.truth("Succeeded") == ("False", "Hardware")
    assert cluster.status.failure.remedy.startswith("请检查请检查")
    assert "请检查" in cluster.says("Succeeded"), "message and remedy both stand in the condition"
    assert size(cluster.status) < 16 * 1024


def test_events_tell_each_turn_once() -> None:
    cluster = begun(datasets={})
    cluster.world = replace(cluster.world, datasets={"faq": ready_dataset()})
    cluster.settle()
    cluster.end_pod(0, "Completed", **planned())
    running(cluster)
    running(cluster, step=5)
    succeed(cluster)
    assert cluster.announced == ["DatasetNotFound", "Planning", "Starting", "Training", "Completed"]


def newest(cluster: Cluster, stage: str) -> Any:
    return (cluster.status.plans if stage == "plan" else cluster.status.attempts)[-1]


def test_each_job_is_given_its_config_when_its_uid_is_recorded() -> None:
    cluster = training()
    cluster.end_pod(22, "Hardware")
    cluster.wait(10)
    succeed(cluster)
    cluster.wait(1000)
    assert cluster.handed_over == created_names(cluster)


@STAGES
def test_a_deleted_job_ends_the_attempt_and_is_never_created_again(stage: str) -> None:
    cluster = started(stage)
    before = len(cluster.created)
    del cluster.jobs[cluster.newest_job().name]
    cluster.settle()
    assert newest(cluster, stage).reason == "ChildDeleted"
    assert cluster.truth("Reconciling") == ("True", "Retrying")
    cluster.wait(10)
    assert len(cluster.created) == before + 1


@STAGES
def test_a_deleted_job_whose_pod_said_goodbye_is_remembered_by_its_words(stage: str) -> None:
    cluster = started(stage)
    name, said = cluster.newest_job().name, {"train": {"lastCommittedStep": 4, "resumedFromStep": 2, "totalSteps": 6}}
    leave(cluster, 20, "Preempted", **said)
    ended = newest(cluster, stage)
    assert (ended.job_name, ended.reason, ended.exit_code, ended.node) == (name, "ChildDeleted", 20, "node-1")
    assert cluster.truth("Reconciling") == ("True", "Retrying")


def leave(cluster: Cluster, exit_code: int, reason: str, **results: Any) -> None:
    """Someone deletes the newest Job; its pod stops with these words before it goes."""
    job, leaving = cluster.newest_job(), cluster.start_pod()
    said = worlds.message(leaving.uid, exit_code, reason, **results)
    cluster.pods[leaving.uid] = replace(leaving, phase="Failed", terminated=Terminated(exit_code, "Error", said))
    del cluster.jobs[job.name]
    cluster.settle()


def test_jobs_that_are_deleted_again_and_again_between_checkpoints_cost_nothing() -> None:
    cluster = training()
    for step in (2, 4, 6, 8):
        leave(cluster, 20, "Preempted", train={"lastCommittedStep": step, "totalSteps": 10})
        assert cluster.status.progress.last_committed_step == step
        cluster.wait(10)
        assert json.loads(cluster.configs[-1])["lastCommittedStep"] == step
    assert cluster.status.interruption_count == 0


@STAGES
def test_the_pods_of_a_job_that_is_deleted_are_waited_for(stage: str) -> None:
    cluster = started(stage)
    cluster.start_pod()
    job = cluster.newest_job()
    cluster.jobs[job.name] = replace(job, is_being_deleted=True)
    decision = cluster.settle()
    assert cluster.truth("Ready") == ("False", "Leaving")
    assert decision.requeue_after_seconds is not None
    assert newest(cluster, stage).ended_at is None


@STAGES
def test_a_job_that_a_finalizer_holds_is_over_once_its_pods_are(stage: str) -> None:
    cluster = started(stage)
    job = cluster.newest_job()
    cluster.jobs[job.name] = replace(job, is_being_deleted=True)
    cluster.settle()
    assert newest(cluster, stage).reason == "ChildDeleted"
    cluster.wait(10)
    assert len(cluster.jobs) > 1, "the next attempt is there"


@STAGES
def test_a_pod_whose_container_ended_is_not_waited_for_whatever_its_phase_says(stage: str) -> None:
    cluster = started(stage)
    running_pod = cluster.start_pod()
    cluster.pods[running_pod.uid] = replace(running_pod, terminated=Terminated(143, "Error", ""))
    del cluster.jobs[cluster.newest_job().name]
    cluster.settle()
    assert newest(cluster, stage).reason == "ChildDeleted"


@STAGES
def test_a_pod_on_a_node_that_stopped_answering_is_given_up(stage: str) -> None:
    cluster = started(stage)
    running_pod = cluster.start_pod()
    name = cluster.newest_job().name
    cluster.pods[running_pod.uid] = replace(running_pod, deletion_deadline=cluster.now)
    cluster.wait(61)
    assert newest(cluster, stage).reason == "NodeLost"
    assert name not in cluster.jobs


@STAGES
@pytest.mark.parametrize("ahead", [-4, 0, 4], ids=["clock ahead", "clocks agree", "clock behind"])
def test_an_end_that_may_be_on_its_way_is_waited_for(stage: str, ahead: int) -> None:
    cluster = started(stage)
    job = cluster.newest_job()
    cluster.start_pod()
    ended_at = cluster.now + timedelta(seconds=ahead)
    cluster.jobs[job.name] = replace(job, end=replace(job_end("Failed"), at=ended_at))
    assert cluster.settle().requeue_after_seconds == 2
    assert newest(cluster, stage).ended_at is None


@STAGES
def test_a_job_that_the_cluster_refuses_says_so_and_is_tried_again_quietly(stage: str) -> None:
    cluster = started(stage)
    del cluster.jobs[cluster.newest_job().name]
    recorded = "plans" if stage == "plan" else "attempts"
    unborn = [newest(cluster, stage).model_copy(update={"job_uid": None, "started_at": None})]
    status = cluster.status.model_copy(update={recorded: unborn})
    cluster.world = replace(cluster.world, status=status)
    refused = replace(cluster.world, children=Children(refusal="exceeded quota: jobs"))
    decision = decide_sft_job(refused, cluster.now)
    assert (decision.create, decision.requeue_after_seconds) == (None, 60)
    cluster.world = replace(cluster.world, status=decision.status)
    assert cluster.truth("Ready") == ("False", "PodRefused")
    cluster.created.clear()
    again = cluster.look()
    assert again.create is not None
    assert again.status == decision.status, "the condition does not flap while it is refused"


@STAGES
def test_a_pod_that_does_not_start_is_explained_even_if_the_profile_is_gone(stage: str) -> None:
    cluster = started(stage)
    waiting = worlds.pod(cluster.newest_job().uid, unschedulable="0/1 nodes are available.", created_at=cluster.now)
    cluster.pods[waiting.uid] = waiting
    cluster.world = replace(cluster.world, profiles=[])
    cluster.wait(20)
    assert cluster.truth("Ready") == ("False", "Unschedulable")
    assert "it was made from is gone" in cluster.says("Ready")


def test_a_plan_that_ended_while_its_profile_is_gone_is_resolved_once_it_is_back() -> None:
    cluster = begun()
    cluster.world = replace(cluster.world, profiles=[])
    cluster.end_pod(0, "Completed", **planned())
    assert cluster.truth("Accepted") == ("False", "ProfileNotFound")
    assert cluster.status.plans[-1].ended_at is None
    cluster.world = replace(cluster.world, profiles=[profile()])
    cluster.settle()
    assert cluster.truth("Planned")[0] == "True"


def stumble(cluster: Cluster) -> None:
    """The operator fails over the object once."""
    unmet = Unmet(Reason.INTERNAL_ERROR, "ZeroDivisionError")
    told = cannot_be_decided(cluster.status, unmet, Moment(cluster.world.parent.generation, cluster.now))
    cluster.world = replace(cluster.world, status=told)


@pytest.mark.parametrize("exit_code", [0, 12], ids=["Succeeded", "Failed"])
def test_a_result_is_final_whatever_the_operator_fails_over_afterwards(exit_code: int) -> None:
    cluster = training()
    if exit_code:
        cluster.end_pod(exit_code, "NonFiniteLoss")
    else:
        succeed(cluster)
    before = cluster.status
    stumble(cluster)
    assert cluster.status.phase == before.phase
    for type in ("Succeeded", "Ready"):
        assert cluster.truth(type) == next((c.status, c.reason) for c in before.conditions if c.type == type)
    assert cluster.truth("Accepted") == ("False", "InternalError")
    assert cluster.truth("Stalled") == ("True", "InternalError")


@pytest.mark.parametrize("situation", ["planning", "starting", "training", "retrying", "Succeeded", "Failed"])
def test_what_the_operator_failed_over_once_is_accepted_again(situation: str) -> None:
    cluster = begun() if situation == "planning" else training()
    match situation:
        case "training":
            running(cluster)
        case "retrying":
            cluster.end_pod(22, "Hardware")
        case "Succeeded":
            succeed(cluster)
        case "Failed":
            cluster.end_pod(12, "NonFiniteLoss")
    before = {condition.type: (condition.status, condition.reason) for condition in cluster.status.conditions}
    stumble(cluster)
    assert cluster.truth("Accepted")[0] == "False"
    cluster.settle()
    after = {condition.type: (condition.status, condition.reason) for condition in cluster.status.conditions}
    assert after == before
    assert after["Accepted"][0] == "True"


def test_a_check_that_does_not_hold_can_be_seen_in_the_list() -> None:
    assert begun(profiles=[]).status.phase == "Refused"


def test_an_object_that_is_being_deleted_is_left_alone() -> None:
    world = sft_job_world(parent=replace(worlds.SFT_JOB, is_being_deleted=True))
    decision = decide_sft_job(world, worlds.NOW)
    assert (decision.status, decision.create, decision.delete) == (world.status, None, ())
