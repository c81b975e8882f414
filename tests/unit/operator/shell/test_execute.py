"""Carrying out a decision: always in the same order, and harmless to repeat after any step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sft_operator.api.instruction_dataset import InstructionDatasetStatus
from sft_operator.core.decision import Announcement, Decision, JobDeletion, NewJob
from sft_operator.core.observed import ChildJob
from sft_operator.shell.client import Client, Conflict, Unavailable
from sft_operator.shell.events import EventRecorder
from sft_operator.shell.execute import ChildRefused, Executor
from sft_operator.shell.gather import Subject
from tests.unit.operator.core.worlds import DATASET, NOW
from tests.unit.operator.shell.api_server import ApiServerDouble, Asked

BEFORE = InstructionDatasetStatus(observed_generation=1)
SUBJECT = Subject(DATASET, BEFORE, "7")
CHILD = {"metadata": {"name": "child"}}
DECISION = Decision(
    BEFORE.model_copy(update={"phase": "Preparing"}),
    create=NewJob(config_map=CHILD, job=CHILD),
    delete=[JobDeletion("old", "old-uid")],
    announce=[Announcement("Normal", "Preparing", "the note")],
)
STATUS = "PATCH /apis/sft-operator.io/v1alpha1/namespaces/team-a/instructiondatasets/faq/status"
CONFIG_MAP = "PATCH /api/v1/namespaces/team-a/configmaps/child"
JOB = "POST /apis/batch/v1/namespaces/team-a/jobs"
DELETION = "DELETE /apis/batch/v1/namespaces/team-a/jobs/old"
EVENT = "POST /apis/events.k8s.io/v1/namespaces/team-a/events"
ORDER = [STATUS, CONFIG_MAP, JOB, DELETION, EVENT]
CREATED = ChildJob("child", "job-uid", NOW)
RECORDING = Decision(BEFORE.model_copy(update={"phase": "Preparing"}), hand_over=CREATED)


def executor(api_server: ApiServerDouble) -> Executor:
    client = Client(api_server)
    return Executor(client, EventRecorder(client))


def done(api_server: ApiServerDouble) -> list[str]:
    return [f"{asked.method} {asked.path}" for asked in api_server.asked]


def answering(refuse: str = "", answer: tuple[int, Any] = (500, {})) -> Callable[[Asked], tuple[int, Any]]:
    """Answers well, and one request with `answer`."""

    def respond(asked: Asked) -> tuple[int, Any]:
        if refuse and f"{asked.method} {asked.path}" == refuse:
            return answer
        return 200, {"metadata": {"resourceVersion": "8", "name": "child", "uid": "job-uid"}}

    return respond


async def test_the_order_is_status_config_job_deletions_events(api_server: ApiServerDouble) -> None:
    api_server.answer = answering()
    assert await executor(api_server).execute(SUBJECT, DECISION) == "8"
    assert done(api_server) == ORDER


async def test_the_status_is_written_only_over_the_object_that_was_read(api_server: ApiServerDouble) -> None:
    api_server.answer = answering()
    await executor(api_server).execute(SUBJECT, DECISION)
    body = api_server.asked[0].body
    assert body["metadata"] == {"name": "faq", "uid": DATASET.uid, "resourceVersion": "7"}
    assert body["status"]["phase"] == "Preparing"
    assert None not in body["status"].values()


async def test_an_unchanged_status_is_not_written(api_server: ApiServerDouble) -> None:
    resource_version = await executor(api_server).execute(SUBJECT, Decision(BEFORE))
    assert (resource_version, api_server.asked) == ("7", [])


async def test_the_config_is_given_to_its_job_before_the_jobs_uid_is_recorded(api_server: ApiServerDouble) -> None:
    api_server.answer = answering()
    await executor(api_server).execute(SUBJECT, RECORDING)
    assert done(api_server) == [CONFIG_MAP, STATUS]
    [owner] = api_server.asked[0].body["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Job", "child", "job-uid")


async def test_a_uid_is_not_recorded_while_its_config_cannot_be_given_over(api_server: ApiServerDouble) -> None:
    api_server.answer = answering(CONFIG_MAP)
    with pytest.raises(Unavailable):
        await executor(api_server).execute(SUBJECT, RECORDING)
    assert done(api_server) == [CONFIG_MAP]


async def test_a_config_that_someone_deleted_holds_nothing_up(api_server: ApiServerDouble) -> None:
    api_server.answer = answering(CONFIG_MAP, (404, {"message": "not found"}))
    await executor(api_server).execute(SUBJECT, RECORDING)
    assert done(api_server) == [CONFIG_MAP, STATUS]


@pytest.mark.parametrize("is_there", [False, True], ids=["no Job", "another operator's Job"])
async def test_the_config_of_a_refused_job_is_taken_back(api_server: ApiServerDouble, is_there: bool) -> None:
    def respond(asked: Asked) -> tuple[int, Any]:
        if f"{asked.method} {asked.path}" == JOB:
            return 403, {"message": "exceeded quota"}
        if asked.method == "GET" and not is_there:
            return 404, {}
        return 200, {"metadata": {"resourceVersion": "8", "name": "child", "uid": "config-uid"}}

    api_server.answer = respond
    with pytest.raises(ChildRefused):
        await executor(api_server).execute(SUBJECT, DECISION)
    deletions = [asked for asked in api_server.asked if asked.method == "DELETE"]
    assert [asked.path for asked in deletions] == ([] if is_there else ["/api/v1/namespaces/team-a/configmaps/child"])
    assert all(asked.body["preconditions"] == {"uid": "config-uid"} for asked in deletions)
    assert all(asked.body["propagationPolicy"] == "Background" for asked in deletions), "it is gone when it is made again"


@pytest.mark.parametrize("failing", [STATUS, CONFIG_MAP, JOB, DELETION])
async def test_nothing_follows_a_step_that_failed(api_server: ApiServerDouble, failing: str) -> None:
    api_server.answer = answering(failing)
    with pytest.raises(Unavailable):
        await executor(api_server).execute(SUBJECT, DECISION)
    assert done(api_server) == ORDER[: ORDER.index(failing) + 1]


async def test_an_object_that_changed_meanwhile_is_not_acted_on(api_server: ApiServerDouble) -> None:
    api_server.answer = answering(STATUS, (409, {"reason": "Conflict"}))
    with pytest.raises(Conflict):
        await executor(api_server).execute(SUBJECT, DECISION)
    assert done(api_server) == [STATUS]


async def test_an_event_that_cannot_be_written_is_let_go(api_server: ApiServerDouble) -> None:
    api_server.answer = answering(EVENT)
    assert await executor(api_server).execute(SUBJECT, DECISION) == "8"


def existing_job(owner_uid: str) -> Callable[[Asked], tuple[int, Any]]:
    def respond(asked: Asked) -> tuple[int, Any]:
        if f"{asked.method} {asked.path}" == JOB:
            return 409, {"reason": "AlreadyExists"}
        owners = [{"uid": owner_uid, "controller": True}]
        return 200, {"metadata": {"name": "child", "uid": "job-uid", "resourceVersion": "8", "ownerReferences": owners}}

    return respond


async def test_a_job_that_exists_and_is_ours_is_taken_as_created(api_server: ApiServerDouble) -> None:
    api_server.answer = existing_job(DATASET.uid)
    await executor(api_server).execute(SUBJECT, DECISION)
    assert done(api_server)[-1] == EVENT


async def test_a_job_that_exists_and_is_someone_elses_is_left_alone(api_server: ApiServerDouble) -> None:
    api_server.answer = existing_job("another-uid")
    with pytest.raises(ChildRefused, match="does not belong to this InstructionDataset"):
        await executor(api_server).execute(SUBJECT, DECISION)


@pytest.mark.parametrize("refused", [CONFIG_MAP, JOB])
@pytest.mark.parametrize("status", [403, 422])
async def test_a_child_that_is_refused_is_reported_in_the_servers_words(
    api_server: ApiServerDouble, refused: str, status: int
) -> None:
    api_server.answer = answering(refused, (status, {"message": "exceeded quota: jobs"}))
    with pytest.raises(ChildRefused, match="exceeded quota: jobs"):
        await executor(api_server).execute(SUBJECT, DECISION)


async def test_an_event_that_is_said_again_counts_up(api_server: ApiServerDouble) -> None:
    api_server.answer = answering()
    recorder = EventRecorder(Client(api_server))
    said = Announcement("Warning", "Retrying", "the store did not answer")
    for _ in range(3):
        await recorder.record(DATASET, said)
    await recorder.record(DATASET, replace(said, note="another note"))
    written, *_ = api_server.asked
    name = written.body["metadata"]["name"]
    assert [asked.method for asked in api_server.asked] == ["POST", "PATCH", "PATCH", "POST"]
    assert [asked.body["series"]["count"] for asked in api_server.asked[1:3]] == [2, 3]
    assert api_server.asked[1].path.endswith(f"/events/{name}")
    assert written.body["regarding"]["uid"] == DATASET.uid
    assert (written.body["type"], written.body["reason"]) == ("Warning", "Retrying")


async def test_an_event_that_was_forgotten_by_the_server_is_written_anew(api_server: ApiServerDouble) -> None:
    api_server.answer = lambda asked: (404, {}) if asked.method == "PATCH" else (201, {})
    recorder = EventRecorder(Client(api_server))
    for _ in range(2):
        await recorder.record(DATASET, Announcement("Normal", "Preparing", "x"))
    assert [asked.method for asked in api_server.asked] == ["POST", "PATCH", "POST"]
