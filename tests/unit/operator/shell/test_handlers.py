"""Handlers put keys on the queue; of an event they believe nothing but how a pod ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kopf
import pytest

from sft_operator.shell.attention import Attention
from sft_operator.shell.handlers import Handlers
from sft_operator.shell.terminated_pods import TerminatedPods
from sft_operator.shell.watch_canary import WatchCanary
from sft_operator.shell.work_queue import Key, WorkQueue

BOT, FAQ = Key("SFTJob", "team", "bot"), Key("InstructionDataset", "team", "faq")
ELSEWHERE = Key("SFTJob", "another-team", "bot")


async def nothing(_: Key) -> None:
    raise AssertionError("no worker runs here")


class Watched:
    """The handlers, called as kopf would call them."""

    def __init__(self) -> None:
        self.queue, self.attention = WorkQueue(nothing), Attention()
        self.pods, self.canary = TerminatedPods(), WatchCanary()
        self.registry = Handlers(self.queue, self.attention, self.pods, self.canary).register()

    async def see(self, plural: str, metadata: dict[str, Any], **more: Any) -> set[Key]:
        """One event; the keys that wait afterwards."""
        body = {"metadata": {"namespace": "team", "uid": "u", "resourceVersion": "7", **metadata}, **more}
        await self.handler(plural)(event={"type": "MODIFIED", "object": body}, logger=None, body=body)
        return set(self.queue._waiting)

    def handler(self, plural: str) -> Callable[..., Any]:
        handlers = self.registry._watching.get_all_handlers()
        (found,) = [handler.fn for handler in handlers if handler.selector.any_name == plural]
        fn: Callable[..., Any] = found
        return fn


@pytest.fixture
async def watched() -> Watched:
    return Watched()


async def test_every_kind_has_one_handler_and_none_that_writes(watched: Watched) -> None:
    registry: kopf.OperatorRegistry = watched.registry
    assert len(registry._watching.get_all_handlers()) == 5
    assert not registry._changing.get_all_handlers()
    assert not registry._spawning.get_all_handlers()
    assert not registry._indexing.get_all_handlers()


async def test_an_object_is_looked_at_when_it_changes(watched: Watched) -> None:
    assert await watched.see("sftjobs", {"name": "bot"}) == {BOT}


async def test_jobs_that_wait_in_its_namespace_are_looked_at_when_a_dataset_changes(watched: Watched) -> None:
    watched.attention.waits(BOT)
    watched.attention.waits(ELSEWHERE)
    assert await watched.see("instructiondatasets", {"name": "faq"}) == {FAQ, BOT}


async def test_all_that_wait_are_looked_at_when_a_profile_changes(watched: Watched) -> None:
    watched.attention.waits(BOT)
    watched.attention.waits(ELSEWHERE)
    watched.attention.settled(FAQ, "7")
    assert await watched.see("trainingprofiles", {"name": "cpu"}) == {BOT, ELSEWHERE}


LABELS = {"sft-operator.io/kind": "SFTJob", "sft-operator.io/name": "bot"}


@pytest.mark.parametrize("plural", ["jobs", "pods"])
async def test_the_parent_is_looked_at_when_a_child_changes(watched: Watched, plural: str) -> None:
    assert await watched.see(plural, {"name": "x", "labels": LABELS}) == {BOT}


@pytest.mark.parametrize(
    "labels",
    [None, {}, {"sft-operator.io/kind": "Secret", "sft-operator.io/name": "bot"}, {"sft-operator.io/kind": "SFTJob"}],
    ids=["null", "none", "another kind", "no name"],
)
async def test_a_child_with_labels_of_someone_elses_making_is_passed_over(watched: Watched, labels: Any) -> None:
    assert await watched.see("jobs", {"name": "x", "labels": labels}) == set()


async def test_how_a_pod_ended_is_kept(watched: Watched) -> None:
    owners = [{"uid": "job", "controller": True}]
    state = {"terminated": {"exitCode": 20, "reason": "Error", "message": "said"}}
    status = {"phase": "Failed", "containerStatuses": [{"state": state}]}
    await watched.see("pods", {"name": "x", "labels": LABELS, "ownerReferences": owners}, status=status)
    (kept,) = watched.pods.complete([], {"job"})
    assert kept.terminated is not None
    assert (kept.terminated.exit_code, kept.terminated.message) == (20, "said")
