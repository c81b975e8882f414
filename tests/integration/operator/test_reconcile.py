"""Whole runs against a real API server, Job controller and scheduler, with an operator that is killed anywhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sft_operator.shell.reconcile import Reconciler
from sft_operator.shell.work_queue import Key
from tests.integration.operator.stage import Killed, Stage
from tests.integration.operator.test_client import INLINE, MODEL
from tests.unit.operator.core import worlds

pytestmark = pytest.mark.integration


def condition(status: dict[str, Any], type: str) -> dict[str, Any]:
    return next(condition for condition in status["conditions"] if condition["type"] == type)


def prepared(stage: Stage) -> dict[str, Any]:
    """What the pod of a preparation in this namespace reports."""
    result: dict[str, Any] = worlds.prepared()["prepare"]
    folder = f"s3://bucket/{stage.namespace}/datasets/rows/"
    return {"prepare": result | {"uri": f"{folder}{worlds.DIGEST}/", "reportUri": f"{folder}runs/x/report.json"}}


async def prepare(stage: Stage, operator: Reconciler) -> Key:
    """A dataset that is Ready."""
    key = stage.apply("InstructionDataset", "rows", INLINE)
    await stage.settle(operator, key)
    await stage.end_pod(stage.jobs()[0]["metadata"]["name"], 0, "Completed", **prepared(stage))
    await stage.settle(operator, key)
    assert condition(stage.status(key), "Ready")["status"] == "True"
    return key


async def test_a_dataset_and_a_run_from_manifest_to_artifact(stage: Stage) -> None:
    operator = stage.operator()
    await prepare(stage, operator)
    key = stage.apply("SFTJob", "bot", MODEL)
    await stage.settle(operator, key)
    plan, train = "sft-bot-{}-r1-plan1", "sft-bot-{}-r1-a1"
    uid8 = next(job for job in stage.jobs() if "-plan1" in job["metadata"]["name"])["metadata"]["name"].split("-")[2]
    await stage.end_pod(plan.format(uid8), 0, "Completed", **worlds.planned())
    await stage.settle(operator, key)
    output = stage.status(key)["resolved"]["outputURI"]
    await stage.end_pod(train.format(uid8), 0, "Completed", **worlds.trained(output))
    await stage.settle(operator, key)
    status = stage.status(key)
    assert condition(status, "Succeeded")["status"] == "True"
    assert status["artifact"]["uri"] == f"{output}artifact/"
    await stage.gone(plan.format(uid8))
    assert train.format(uid8) in stage.configs(), "the newest attempt's Job stays for its log"


async def test_a_settled_object_is_written_no_more(stage: Stage) -> None:
    operator = stage.operator()
    key = await prepare(stage, operator)
    restarted, client = stage.mortal(0, is_sent=True)
    for _ in range(3):
        await stage.settle(restarted, key)
    assert client.writes == 0


async def test_a_pod_that_fits_nowhere_says_what_it_asks_for(stage: Stage) -> None:
    operator = stage.operator()
    key = stage.apply("InstructionDataset", "rows", INLINE)
    await stage.settle(operator, key)
    await stage.wait_for_patience()
    await stage.settle(operator, key)
    ready = condition(stage.status(key), "Ready")
    assert ready["reason"] == "Unschedulable"
    assert "sft-operator.io/no-such-node=true" in ready["message"]


async def test_a_quota_that_refuses_the_job_is_told_and_lifted(stage: Stage) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": stage.namespace}}
    assert stage.cluster.apply(quota | {"spec": {"hard": {"count/jobs.batch": "0"}}}).returncode == 0
    operator = stage.operator()
    key = stage.apply("InstructionDataset", "rows", INLINE)
    await stage.settle(operator, key)
    ready = condition(stage.status(key), "Ready")
    assert ready["reason"] == "PodRefused"
    assert "exceeded quota" in ready["message"]
    assert stage.jobs() == []
    assert stage.configs() == set(), "nothing is left of what was refused"
    stage.cluster.kubectl("delete", "resourcequota", "none", "-n", stage.namespace)
    await stage.settle(operator, key)
    (job,) = stage.jobs()
    assert stage.configs() == {job["metadata"]["name"]}
    assert condition(stage.status(key), "Ready")["reason"] == "Preparing"


async def test_a_job_that_someone_deletes_is_followed_by_the_next_attempt(stage: Stage) -> None:
    operator = stage.operator()
    key = stage.apply("InstructionDataset", "rows", INLINE)
    await stage.settle(operator, key)
    stage.cluster.kubectl("delete", "jobs", "--all", "-n", stage.namespace, "--cascade=foreground")
    await stage.settle(operator, key)
    assert stage.status(key)["attempts"][0]["reason"] == "ChildDeleted"
    assert condition(stage.status(key), "Ready")["reason"] == "Retrying"


async def test_an_exit_code_is_known_although_its_pod_is_gone(stage: Stage) -> None:
    operator = stage.operator()
    key = stage.apply("InstructionDataset", "rows", INLINE)
    await stage.settle(operator, key)
    name = stage.jobs()[0]["metadata"]["name"]
    await stage.end_pod(name, 15, "StoreDenied")
    stage.cluster.kubectl("delete", "pods", "--all", "-n", stage.namespace)
    await stage.settle(stage.operator(), key)
    status = stage.status(key)
    assert condition(status, "Stalled")["reason"] == "StoreDenied"
    assert status["failure"]["exitCode"] == 15


WRITES_OF_A_START = 6
"""Status with the attempt, ConfigMap, Job, Event, hand-over of the ConfigMap, status with the Job's UID."""
WRITES_OF_AN_END = 2
"""Status with the version, Event."""


async def before_a_start(stage: Stage, stage_name: str) -> Key:
    """An object whose next decision is to start a Job of that stage."""
    if stage_name == "prepare":
        return stage.apply("InstructionDataset", "rows", INLINE)
    operator = stage.operator()
    await prepare(stage, operator)
    key = stage.apply("SFTJob", "bot", MODEL)
    if stage_name == "train":
        await stage.settle(operator, key)
        (plan,) = stage.jobs_of("plan")
        await stage.end_pod(plan["metadata"]["name"], 0, "Completed", **worlds.planned())
        assert await operator.reconcile(key) == 0, "the run is resolved, and nothing is started yet"
        assert "resolved" in stage.status(key)
    return key


@pytest.mark.matrix
@pytest.mark.parametrize("is_sent", [False, True], ids=["before it is sent", "before the reply"])
@pytest.mark.parametrize("write", range(1, WRITES_OF_A_START + 1))
@pytest.mark.parametrize("stage_name", ["prepare", "plan", "train"])
async def test_an_operator_killed_at_any_write_of_a_start_starts_one_job(
    stage: Stage, stage_name: str, write: int, is_sent: bool
) -> None:
    key = await before_a_start(stage, stage_name)
    doomed, _ = stage.mortal(write, is_sent=is_sent)
    with pytest.raises(Killed):
        await stage.settle(doomed, key)
    await stage.settle(stage.operator(), key)
    (job,) = stage.jobs_of(stage_name)
    uid, status = job["metadata"]["uid"], stage.status(key)
    counter, history = ("planCount", "plans") if stage_name == "plan" else ("attemptCount", "attempts")
    assert status[counter] == 1
    assert status[history][0]["jobUID"] == uid
    (owner,) = stage.owners_of_config(job["metadata"]["name"])
    assert (owner["kind"], owner["uid"]) == ("Job", uid), "the config goes with its Job"


@pytest.mark.matrix
@pytest.mark.parametrize("stage_name", ["prepare", "plan", "train"])
async def test_a_start_takes_as_many_writes_as_it_is_killed_at(stage: Stage, stage_name: str) -> None:
    key = await before_a_start(stage, stage_name)
    operator, client = stage.mortal(0, is_sent=True)
    await stage.settle(operator, key)
    assert client.writes == WRITES_OF_A_START


@pytest.mark.matrix
@pytest.mark.parametrize("is_sent", [False, True], ids=["before it is sent", "before the reply"])
@pytest.mark.parametrize("write", range(1, WRITES_OF_AN_END + 1))
async def test_an_operator_killed_at_any_write_of_an_end_publishes_once(stage: Stage, write: int, is_sent: bool) -> None:
    key = stage.apply("InstructionDataset", "rows", INLINE)
    await stage.settle(stage.operator(), key)
    await stage.end_pod(stage.jobs()[0]["metadata"]["name"], 0, "Completed", **prepared(stage))
    doomed, _ = stage.mortal(write, is_sent=is_sent)
    with pytest.raises(Killed):
        await stage.settle(doomed, key)
    await stage.settle(stage.operator(), key)
    status = stage.status(key)
    assert (status["attemptCount"], status["version"]["digest"]) == (1, worlds.DIGEST)
    assert len(stage.jobs()) == 1


async def test_two_operators_at_once_start_one_job(stage: Stage) -> None:
    key = stage.apply("InstructionDataset", "rows", INLINE)
    one, other = stage.operator(), stage.operator()
    await asyncio.gather(stage.settle(one, key), stage.settle(other, key))
    await stage.settle(one, key)
    assert len(stage.jobs()) == 1
    assert stage.status(key)["attemptCount"] == 1
