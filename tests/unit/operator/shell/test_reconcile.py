"""One key, one pass: what is read, and what becomes of an object that cannot be worked on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sft_operator.shell.attention import Attention
from sft_operator.shell.client import Client, Unavailable
from sft_operator.shell.events import EventRecorder
from sft_operator.shell.execute import Executor
from sft_operator.shell.gather import Gatherer
from sft_operator.shell.progress_polling import ProgressPolling
from sft_operator.shell.reconcile import Reconciler
from sft_operator.shell.terminated_pods import TerminatedPods
from sft_operator.shell.work_queue import Key
from tests.unit.operator.core.worlds import IMAGES, Cluster, dataset_world, prepared, profile
from tests.unit.operator.shell.api_server import ApiServerDouble, Asked

KEY = Key("InstructionDataset", "team-a", "faq")
METADATA = {"name": "faq", "namespace": "team-a", "uid": "u" * 36, "generation": 1, "resourceVersion": "7"}
SPEC = {"sources": [{"name": "a", "inline": {"jsonl": "{}"}}]}
FRESH = {"metadata": METADATA, "spec": SPEC, "status": {"observedGeneration": -1}}


class World:
    """What the API server holds, and a reconciler that sees it."""

    def __init__(self, api_server: ApiServerDouble, body: dict[str, Any] | None) -> None:
        self.api_server = api_server
        self.body = body
        self.refuse_jobs = ""
        self.attention = Attention()
        client = Client(api_server)
        gatherer = Gatherer(client, IMAGES, TerminatedPods(), ProgressPolling(15))
        self.reconciler = Reconciler(gatherer, Executor(client, EventRecorder(client)), self.attention)
        api_server.answer = self.answer

    def answer(self, asked: Asked) -> tuple[int, Any]:
        plural = asked.path.rsplit("/", 1)[-1]
        if asked.method == "GET" and asked.path.endswith("instructiondatasets/faq"):
            return (200, self.body) if self.body else (404, {"message": "not found"})
        if asked.method == "GET" and plural == "trainingprofiles":
            good = {"metadata": {"name": "cpu"}, "spec": profile().spec.model_dump(by_alias=True, mode="json")}
            return 200, {"items": [good, {"metadata": {"name": "newer"}, "spec": {"unheard": "of"}}]}
        if asked.method == "GET":
            return 200, {"items": []}
        if asked.method == "PATCH" and plural == "status" and self.body:
            self.body = {**self.body, "status": asked.body["status"]}
            return 200, self.body
        if asked.method == "POST" and plural == "jobs" and self.refuse_jobs:
            return 403, {"message": self.refuse_jobs}
        return 201, {"metadata": {"name": "child", "uid": "child-uid"}}

    def writes(self) -> list[str]:
        return [f"{asked.method} {asked.path.rsplit('/', 1)[-1]}" for asked in self.api_server.asked if asked.method != "GET"]

    def condition(self, type: str) -> dict[str, Any]:
        assert self.body
        found: dict[str, Any] = next(c for c in self.body["status"]["conditions"] if c["type"] == type)
        return found


async def test_a_pass_over_a_fresh_object_starts_its_job_and_comes_back_at_once(api_server: ApiServerDouble) -> None:
    world = World(api_server, FRESH)
    assert await world.reconciler.reconcile(KEY) == 0
    assert world.writes() == [
        "PATCH status",
        "PATCH ids-faq-uuuuuuuu-g1-r1-a1",
        "POST jobs",
        "POST events",
    ]
    assert world.attention.waiting() == [KEY]


async def test_pods_are_listed_after_jobs_so_that_an_ended_job_never_has_a_pod_that_runs(api_server: ApiServerDouble) -> None:
    world = World(api_server, FRESH)
    answered: list[str] = []

    async def answer_slowly(asked: Asked) -> tuple[int, Any]:
        plural = asked.path.rsplit("/", 1)[-1]
        if asked.method == "GET" and plural == "jobs":
            await asyncio.sleep(0.05)
        if asked.method == "GET":
            answered.append(plural)
        return world.answer(asked)

    api_server.answer = answer_slowly
    await world.reconciler.reconcile(KEY)
    assert answered.index("jobs") < answered.index("pods")


async def test_an_object_that_is_gone_is_forgotten(api_server: ApiServerDouble) -> None:
    world = World(api_server, None)
    world.attention.waits(KEY)
    assert await world.reconciler.reconcile(KEY) is None
    assert world.attention.waiting() == []
    assert world.writes() == []


async def test_a_spec_that_cannot_be_read_is_told_to_its_owner(api_server: ApiServerDouble) -> None:
    world = World(api_server, FRESH | {"spec": {"sources": [{"name": "a", "format": "Parquet"}]}})
    assert await world.reconciler.reconcile(KEY) is None
    assert world.condition("Accepted")["reason"] == "InvalidSpec"
    assert "spec.sources.0.format" in world.condition("Accepted")["message"]
    assert world.condition("Stalled")["status"] == "True"
    again = len(world.writes())
    await world.reconciler.reconcile(KEY)
    assert len(world.writes()) == again, "it is told once"


async def test_a_profile_that_cannot_be_read_is_told_to_whoever_names_it(api_server: ApiServerDouble) -> None:
    world = World(api_server, FRESH | {"spec": SPEC | {"profileName": "newer"}})
    await world.reconciler.reconcile(KEY)
    assert world.condition("Accepted")["reason"] == "ProfileUnreadable"
    assert "spec.resources: Field required" in world.condition("Accepted")["message"]


async def test_a_status_that_cannot_be_read_is_told_in_an_event_and_left_as_it_is(api_server: ApiServerDouble) -> None:
    world = World(api_server, FRESH | {"status": {"observedGeneration": "of another version"}})
    assert await world.reconciler.reconcile(KEY) == 300
    assert world.writes() == ["POST events"]
    assert "status.observedGeneration" in world.api_server.asked[-1].body["note"]
    assert world.attention.is_settled(KEY, "7"), "the list-and-compare leaves it alone until it changes"


@pytest.mark.parametrize("code", [403, 422])
async def test_a_status_that_the_server_refuses_is_told_in_an_event_and_starts_nothing(
    api_server: ApiServerDouble, code: int
) -> None:
    world = World(api_server, FRESH)

    def answer(asked: Asked) -> tuple[int, Any]:
        refused = (code, {"message": "status.phase: Unsupported value"})
        return refused if asked.path.endswith("/status") else world.answer(asked)

    api_server.answer = answer
    assert await world.reconciler.reconcile(KEY) == 300
    assert world.writes() == ["PATCH status", "POST events"]
    told = world.api_server.asked[-1].body
    assert (told["type"], told["reason"]) == ("Warning", "StatusRefused")
    assert "status.phase: Unsupported value" in told["note"]
    assert world.attention.is_settled(KEY, "7")


def ready(generation: int) -> dict[str, Any]:
    """A dataset whose version stands, made from that generation of its spec."""
    cluster = Cluster(dataset_world())
    cluster.settle()
    cluster.end_pod(0, "Completed", **prepared())
    status: dict[str, Any] = cluster.status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"metadata": METADATA | {"generation": generation}, "spec": SPEC | {"drift": {"checkSeconds": 0}}, "status": status}


async def test_a_version_stands_although_its_spec_cannot_be_read_any_more(api_server: ApiServerDouble) -> None:
    body = ready(1)
    world = World(api_server, body | {"spec": {"sources": [{"name": "a", "format": "Parquet"}]}})
    await world.reconciler.reconcile(KEY)
    assert world.condition("Ready") == next(c for c in body["status"]["conditions"] if c["type"] == "Ready")
    assert (world.condition("Accepted")["status"], world.condition("Stalled")["status"]) == ("False", "True")
    assert world.body is not None
    assert world.body["status"]["phase"] == "Ready"
    assert world.writes() == ["PATCH status", "POST events"]
    world.body = world.body | {"spec": body["spec"]}
    await world.reconciler.reconcile(KEY)
    assert (world.condition("Accepted")["status"], world.condition("Stalled")["status"]) == ("True", "False")


async def test_a_defect_of_ours_is_told_to_the_owner_and_left_to_the_queue(
    api_server: ApiServerDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(api_server, FRESH)

    def stumble(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("sft_operator.core.dataset.decide.check", stumble)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await world.reconciler.reconcile(KEY)
    assert world.condition("Stalled")["reason"] == "InternalError"
    assert "ZeroDivisionError" in world.condition("Ready")["message"]
    assert world.writes() == ["PATCH status", "POST events"], "it is told once"


async def test_a_job_that_is_refused_is_told_in_the_servers_words(api_server: ApiServerDouble) -> None:
    world = World(api_server, FRESH)
    world.refuse_jobs = "exceeded quota: jobs"
    assert await world.reconciler.reconcile(KEY) == 60
    assert world.condition("Ready")["reason"] == "PodRefused"
    assert "exceeded quota: jobs" in world.condition("Ready")["message"]


async def test_a_server_that_is_away_is_left_to_the_queue(api_server: ApiServerDouble) -> None:
    world = World(api_server, FRESH)
    api_server.answer = lambda asked: (503, {"message": "etcd is away"})
    with pytest.raises(Unavailable):
        await world.reconciler.reconcile(KEY)


async def test_an_object_that_changed_meanwhile_is_read_again_soon(api_server: ApiServerDouble) -> None:
    world = World(api_server, FRESH)

    def answer(asked: Asked) -> tuple[int, Any]:
        return (409, {"reason": "Conflict"}) if asked.method == "PATCH" else world.answer(asked)

    api_server.answer = answer
    again = await world.reconciler.reconcile(KEY)
    assert again is not None
    assert 0 < again < 1
    assert world.writes() == ["PATCH status"]
