"""What the operator relies on of a real API server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sft_operator.api.instruction_dataset import InstructionDatasetStatus
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.core.decision import Announcement
from sft_operator.core.observed import Parent
from sft_operator.shell.client import METADATA_ONLY, AlreadyExists, Client, Conflict, NotFound, Refused
from sft_operator.shell.events import EventRecorder
from sft_operator.shell.execute import Executor
from sft_operator.shell.gather import Subject
from sft_operator.shell.resources import CONFIG_MAPS, DATASETS, EVENTS, JOBS, SFT_JOBS
from tests.integration.operator.stage import Stage
from tests.unit.operator.core.test_manifests import JOBS as RENDERED
from tests.unit.operator.core.test_sftjob_decide import running, succeed, training
from tests.unit.operator.core.worlds import Cluster, dataset_world, prepared

pytestmark = pytest.mark.integration

INLINE = {"sources": [{"name": "rows", "inline": {"jsonl": '{"prompt": "a", "completion": "b"}'}}]}
MODEL = {"model": {"s3": {"uri": "s3://models/small/"}}, "datasets": [{"name": "rows"}]}


def owned_by_nobody(manifest: Any, namespace: str) -> dict[str, Any]:
    """The rendered object, in a namespace that exists and without an owner that does not."""
    copy: dict[str, Any] = json.loads(json.dumps(manifest))
    del copy["metadata"]["ownerReferences"]
    copy["metadata"]["namespace"] = namespace
    return copy


async def subject(client: Client, stage: Stage) -> Subject:
    stage.apply("InstructionDataset", "rows", INLINE)
    body = await client.get(DATASETS, stage.namespace, "rows")
    metadata = body["metadata"]
    parent = Parent("InstructionDataset", stage.namespace, "rows", metadata["uid"], metadata["generation"])
    return Subject(parent, InstructionDatasetStatus.model_validate(body["status"]), metadata["resourceVersion"])


def status_body(subject: Subject, **metadata: str) -> dict[str, Any]:
    named = {"name": "rows", "uid": subject.parent.uid, "resourceVersion": subject.resource_version}
    return {
        "apiVersion": "sft-operator.io/v1alpha1",
        "kind": "InstructionDataset",
        "metadata": named | metadata,
        "status": {"observedGeneration": 1, "phase": "Preparing"},
    }


async def test_a_fresh_object_never_reads_as_done(client: Client, stage: Stage) -> None:
    found = await subject(client, stage)
    assert found.status == InstructionDatasetStatus(observed_generation=-1)


async def test_a_status_is_written_over_the_version_that_was_read_only(client: Client, stage: Stage) -> None:
    found = await subject(client, stage)
    written = await client.apply_status(DATASETS, stage.namespace, status_body(found))
    assert written["status"]["phase"] == "Preparing"
    with pytest.raises(Conflict):
        await client.apply_status(DATASETS, stage.namespace, status_body(found))


async def test_a_status_is_not_written_to_another_object_of_the_same_name(client: Client, stage: Stage) -> None:
    found = await subject(client, stage)
    stage.cluster.kubectl("delete", "instructiondataset", "rows", "-n", stage.namespace)
    await subject(client, stage)
    with pytest.raises(Conflict):
        await client.apply_status(DATASETS, stage.namespace, status_body(found))


async def test_a_field_that_is_no_longer_said_goes_from_the_status(client: Client, stage: Stage) -> None:
    found = await subject(client, stage)
    written = await client.apply_status(DATASETS, stage.namespace, status_body(found))
    body = status_body(found, resourceVersion=written["metadata"]["resourceVersion"])
    del body["status"]["phase"]
    assert "phase" not in (await client.apply_status(DATASETS, stage.namespace, body))["status"]


@pytest.mark.parametrize("stage_name", RENDERED)
async def test_a_job_is_created_once_and_deleted_by_its_uid_only(client: Client, team: str, stage_name: str) -> None:
    job = owned_by_nobody(RENDERED[stage_name], team)
    job["spec"]["suspend"] = True
    name = job["metadata"]["name"]
    created = await client.create(JOBS, team, job)
    with pytest.raises(AlreadyExists):
        await client.create(JOBS, team, job)
    await client.delete(JOBS, team, name, uid="00000000-0000-0000-0000-000000000000")
    assert (await client.get(JOBS, team, name))["metadata"]["uid"] == created["metadata"]["uid"]
    await client.delete(JOBS, team, name, uid=created["metadata"]["uid"])
    await until_gone(client, team, name)


async def until_gone(client: Client, team: str, name: str) -> None:
    """Foreground deletion: the Job goes last, a moment later."""
    for _ in range(200):
        try:
            await client.get(JOBS, team, name)
        except NotFound:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"Job {name} is still there")


@pytest.mark.parametrize("stage_name", RENDERED)
def test_every_pod_is_admitted_under_the_restricted_standard(stage: Stage, stage_name: str) -> None:
    template = RENDERED[stage_name]["spec"]["template"]
    spec = {**template["spec"]}
    spec.pop("priorityClassName", None)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": stage.namespace}, "spec": spec}
    done = stage.cluster.apply(pod, dry_run=True)
    assert done.returncode == 0, done.stderr
    assert "would violate" not in done.stderr


async def test_versions_are_listed_without_the_rest_of_the_objects(client: Client, stage: Stage) -> None:
    found = await subject(client, stage)
    listed = await client.resource_versions(DATASETS)
    assert listed[stage.namespace, "rows"] == found.resource_version
    page = await client._request("GET", DATASETS.collection(None), query={"limit": "1"}, accept=METADATA_ONLY)
    assert page["kind"] == "PartialObjectMetadataList"
    assert set(page["items"][0]) <= {"kind", "apiVersion", "metadata"}


async def test_a_config_map_is_applied_twice_and_never_changed(client: Client, team: str) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "config"},
        "immutable": True,
        "data": {"config.json": "{}"},
    }
    for _ in range(2):
        await client.apply(CONFIG_MAPS, team, body)
    with pytest.raises(Refused, match="immutable"):
        await client.apply(CONFIG_MAPS, team, body | {"data": {"config.json": "[]"}})


async def test_events_are_written_and_counted_up(client: Client, stage: Stage) -> None:
    found = await subject(client, stage)
    recorder = EventRecorder(client)
    for _ in range(3):
        await recorder.record(found.parent, Announcement("Warning", "Retrying", "the store did not answer"))
    (event,) = [event for event in await client.list(EVENTS, stage.namespace) if event["note"] == "the store did not answer"]
    assert event["series"]["count"] == 3
    assert event["regarding"]["uid"] == found.parent.uid


async def test_every_field_of_a_datasets_status_is_kept(client: Client, stage: Stage) -> None:
    found = await subject(client, stage)
    simulated = Cluster(dataset_world())
    simulated.settle()
    simulated.end_pod(13, "StoreUnavailable")
    await round_trip(client, found, simulated.status)
    simulated.wait(10)
    simulated.end_pod(0, "Completed", **prepared())
    await round_trip(client, found, simulated.status)


async def test_every_field_of_a_runs_status_is_kept(client: Client, stage: Stage) -> None:
    stage.apply("SFTJob", "bot", MODEL)
    metadata = (await client.get(SFT_JOBS, stage.namespace, "bot"))["metadata"]
    parent = Parent("SFTJob", stage.namespace, "bot", metadata["uid"], metadata["generation"])
    found = Subject(parent, SFTJobStatus(), metadata["resourceVersion"])
    simulated = training()
    running(simulated, step=3, loss=1.5, lastCommittedStep=2, etaSeconds=130, learningRate=1e-4, tokensPerSecond=7.5)
    await round_trip(client, found, simulated.status)
    simulated.end_pod(22, "Hardware")
    await round_trip(client, found, simulated.status)
    simulated.wait(10)
    succeed(simulated)
    await round_trip(client, found, simulated.status)
    simulated.edit(simulated.world.spec.model_copy(update={"run": 2}))
    await round_trip(client, found, simulated.status)


async def round_trip(client: Client, subject: Subject, status: InstructionDatasetStatus | SFTJobStatus) -> None:
    """Writes the status, and reads exactly it again: nothing was pruned, nothing filled in."""
    resource = DATASETS if subject.parent.kind == "InstructionDataset" else SFT_JOBS
    body = await client.get(resource, subject.parent.namespace, subject.parent.name)
    before = Subject(subject.parent, subject.status, body["metadata"]["resourceVersion"])
    executor = Executor(client, EventRecorder(client))
    await executor._write_status(before, status)
    read = await client.get(resource, subject.parent.namespace, subject.parent.name)
    assert read["status"] == status.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert type(status).model_validate(read["status"]) == status
