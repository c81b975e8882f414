"""What is to be done: the only thing that `shell.execute` carries out.

Its order is fixed: hand-over, status, ConfigMap, Job, deletions, events. The status stands before what it announces, so that an
operator that dies in between finds out from it what it was about to do; only a hand-over comes before the status that says it
is done. What follows from an act is seen by the next
decision, which comes at once when a child was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sft_operator.api.instruction_dataset import InstructionDatasetStatus
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.core.observed import ChildJob

Status = TypeVar("Status", InstructionDatasetStatus, SFTJobStatus)


@dataclass(frozen=True, slots=True)
class Announcement:
    """An Event for the parent, for people who read `kubectl describe`."""

    type: Literal["Normal", "Warning"]
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class NewJob:
    """A Job to create once, and the ConfigMap it mounts."""

    config_map: Mapping[str, Any]
    job: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobDeletion:
    """A Job to delete together with its pods, if it still has this UID."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Decision(Generic[Status]):
    """The whole status as it must stand, and what to do after it stands."""

    status: Status
    hand_over: ChildJob | None = None
    """A Job whose UID the status is the first to hold: its ConfigMap becomes its own, and goes when it goes."""
    create: NewJob | None = None
    delete: Sequence[JobDeletion] = ()
    announce: Sequence[Announcement] = ()
    requeue_after_seconds: float | None = None
    """Look again by then, although nothing was seen to change."""
    is_settled: bool = False
    """Nothing is left to do until someone changes the object."""
