"""gather, decide, execute: all that is ever done with a key of the work queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic

from sft_operator.api.condition import Attempt
from sft_operator.api.instruction_dataset import InstructionDatasetStatus
from sft_operator.api.reasons import Reason
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.core import conditions
from sft_operator.core.checks import Unmet
from sft_operator.core.conditions import Moment
from sft_operator.core.dataset import status as dataset_status
from sft_operator.core.dataset.decide import decide as decide_dataset
from sft_operator.core.decision import Announcement, Decision, Status
from sft_operator.core.observed import Pod, SFTJobWorld
from sft_operator.core.sftjob import status as sft_job_status
from sft_operator.core.sftjob.decide import decide as decide_sft_job
from sft_operator.shell.attention import Attention
from sft_operator.shell.client import Conflict
from sft_operator.shell.execute import ChildRefused, Executor, StatusRefused
from sft_operator.shell.gather import Gathered, Gatherer, Subject, UnreadableSpec, UnreadableStatus, World
from sft_operator.shell.work_queue import Key

CONFLICT_SECONDS = 0.2
"""The object changed while it was decided upon: it is read again, a moment later so that two operators do not race."""

UNTOLD_AGAIN_SECONDS = 300
"""Whose status cannot be written is told by an Event, and the API server forgets those after an hour."""
DEFECT = (
    "The operator failed to decide what to do next ({name}): a defect of ours. Report it together with the operator's log, "
    "which says where; the object is gone on with once that is mended"
)


@dataclass(frozen=True, slots=True)
class Procedure(Generic[World, Status]):
    """The functions that make up the work on one kind."""

    gather: Callable[[Key, datetime], Awaitable[Gathered[World] | None]]
    decide: Callable[[World, datetime], Decision[Status]]
    cannot_be_decided: Callable[[Status, Unmet, Moment], Status]


class Reconciler:
    """Works on one key, with everything read anew."""

    def __init__(self, gatherer: Gatherer, executor: Executor, attention: Attention) -> None:
        self._gatherer = gatherer
        self._executor = executor
        self._attention = attention
        self._procedures: Mapping[str, Procedure[Any, Any]] = {
            "InstructionDataset": Procedure(gatherer.dataset, decide_dataset, dataset_status.cannot_be_decided),
            "SFTJob": Procedure(gatherer.sft_job, decide_sft_job, sft_job_status.cannot_be_decided),
        }

    async def reconcile(self, key: Key) -> float | None:
        """Does what is to be done now; the seconds after which to look again, if nothing is seen to change."""
        procedure = self._procedures[key.kind]
        try:
            gathered = await procedure.gather(key, _now())
            if gathered is None:
                self._forget(key)
                return None
            return await self._work(key, procedure, gathered)
        except Conflict:
            return CONFLICT_SECONDS
        except UnreadableSpec as unreadable:
            unmet = Unmet(Reason.INVALID_SPEC, str(unreadable))
            self._attention.settled(key, await self._tell(procedure, unreadable.subject, unmet))
            return None
        except UnreadableStatus as unreadable:
            return await self._warn(key, unreadable, Reason.UNREADABLE_STATUS)
        except StatusRefused as refused:
            return await self._warn(key, refused, Reason.STATUS_REFUSED)

    async def _warn(self, key: Key, problem: UnreadableStatus | StatusRefused, reason: Reason) -> float:
        """Says in an Event what no status can say; until the object changes that is all there is to do."""
        await self._executor.recorder.record(problem.parent, Announcement("Warning", reason, str(problem)))
        self._attention.settled(key, problem.resource_version)
        return UNTOLD_AGAIN_SECONDS

    def _forget(self, key: Key) -> None:
        self._attention.gone(key)
        self._gatherer.progress.follow(key, None)

    async def _work(self, key: Key, procedure: Procedure[Any, Any], gathered: Gathered[Any]) -> float | None:
        try:
            decision = procedure.decide(gathered.world, _now())
        except Exception as error:  # a defect of ours: whoever waits for the object is told, and the queue tries again
            await self._tell(procedure, gathered.subject, Unmet(Reason.INTERNAL_ERROR, DEFECT.format(name=type(error).__name__)))
            raise
        try:
            resource_version = await self._executor.execute(gathered.subject, decision)
        except ChildRefused as refused:
            return await self._explain(key, procedure, refused)
        self._remember(key, gathered, decision, resource_version)
        return 0 if decision.create is not None else decision.requeue_after_seconds

    async def _explain(self, key: Key, procedure: Procedure[Any, Any], refused: ChildRefused) -> float | None:
        """Decides again, now knowing why the child cannot be made."""
        gathered = await procedure.gather(key, _now())
        if gathered is None:
            self._forget(key)
            return None
        world = replace(gathered.world, children=replace(gathered.world.children, refusal=str(refused)))
        decision = procedure.decide(world, _now())
        await self._executor.execute(gathered.subject, decision)
        self._attention.waits(key)
        return decision.requeue_after_seconds

    async def _tell(self, procedure: Procedure[Any, Any], subject: Subject, unmet: Unmet) -> str:
        """Says why the object cannot be worked on; its resourceVersion afterwards."""
        moment = Moment(subject.parent.generation, _now())
        observed = subject.status.model_copy(update={"observed_generation": moment.generation})
        told = procedure.cannot_be_decided(observed, unmet, moment)
        announced = conditions.announce(subject.status.conditions, told.conditions)
        decision: Decision[Any] = Decision(told, announce=announced, is_settled=True)
        return await self._executor.execute(subject, decision)

    def _remember(self, key: Key, gathered: Gathered[Any], decision: Decision[Any], resource_version: str) -> None:
        ended = {attempt.job_uid for attempt in _attempts(decision.status) if attempt.ended_at and attempt.job_uid}
        self._gatherer.terminated_pods.forget(ended)
        self._gatherer.progress.follow(key, _training_pod(gathered.world))
        if decision.is_settled:
            self._attention.settled(key, resource_version)
        else:
            self._attention.waits(key)


def _attempts(status: InstructionDatasetStatus | SFTJobStatus) -> list[Attempt]:
    if isinstance(status, SFTJobStatus):
        return [*status.plans, *status.attempts]
    return [*status.attempts, *([status.source_check] if status.source_check else [])]


def _training_pod(world: object) -> Pod | None:
    """The running pod of the newest attempt at training."""
    if not isinstance(world, SFTJobWorld) or not world.status.attempts:
        return None
    newest = world.status.attempts[-1]
    if newest.ended_at is not None or newest.job_uid is None:
        return None
    return next((pod for pod in world.children.pods_of(newest.job_uid) if pod.phase == "Running"), None)


def _now() -> datetime:
    return datetime.now(tz=UTC)
