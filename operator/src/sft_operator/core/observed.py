"""What was seen in the cluster, as frozen records: the only thing a decision may look at, beside the time.

`shell.gather` fills them in. They hold what a decision needs of a Kubernetes object and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sft_operator.api.instruction_dataset import InstructionDatasetSpec, InstructionDatasetStatus
from sft_operator.api.sft_job import SFTJobSpec
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.api.training_profile import TrainingProfileSpec
from sft_operator.core.images import Images
from sft_trainer.contract import Progress

ParentKind = Literal["InstructionDataset", "SFTJob"]


@dataclass(frozen=True, slots=True)
class Parent:
    """The object on whose behalf all this happens."""

    kind: ParentKind
    namespace: str
    name: str
    uid: str
    generation: int
    is_being_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """A TrainingProfile."""

    name: str
    spec: TrainingProfileSpec


@dataclass(frozen=True, slots=True)
class UnreadableProfile:
    """A TrainingProfile that the API server took and this operator cannot read, as after a downgrade."""

    name: str
    problem: str
    """For the user."""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """The condition with which Kubernetes declared a Job to be over, all its pods being gone or terminal."""

    outcome: Literal["Complete", "Failed"]
    reason: str
    message: str
    at: datetime
    """When that was declared."""


@dataclass(frozen=True, slots=True)
class ChildJob:
    """A Job that the parent owns."""

    name: str
    uid: str
    created_at: datetime
    generation: int = 0
    """metadata.generation of the parent that it was made for, and the run and attempt it is: 0 where a label is missing."""
    run: int = 0
    attempt: int = 0
    stage: str = ""
    """prepare, check-sources, plan or train."""
    end: JobEnd | None = None
    is_being_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Terminated:
    """How a pod's container ended."""

    exit_code: int
    reason: str
    """The container runtime's word, for example OOMKilled."""
    message: str
    """The termination log: what the pod wrote, not to be trusted."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of one of those Jobs."""

    name: str
    uid: str
    job_uid: str
    created_at: datetime
    phase: str
    node: str | None = None
    ip: str | None = None
    deletion_deadline: datetime | None = None
    """When its grace period ends, if it was told to stop (metadata.deletionTimestamp)."""
    disruption: str | None = None
    """Reason of its DisruptionTarget condition, when that is True."""
    status_reason: str = ""
    """The kubelet's word for the whole pod, for example Evicted."""
    status_message: str = ""
    unschedulable: str = ""
    """The scheduler's message when it found no node."""
    waiting_reason: str = ""
    """The kubelet's word for what keeps the container from starting, for example ImagePullBackOff."""
    waiting_message: str = ""
    terminated: Terminated | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """A Warning event about a Job, or about a pod that does not run; newest first where several are listed."""

    about_uid: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Children:
    """Everything that the parent owns, and what the cluster says of it."""

    jobs: Sequence[ChildJob] = ()
    pods: Sequence[Pod] = ()
    warnings: Sequence[Warned] = ()
    refusal: str = ""
    """The API server's words when it would not take a child that a decision wanted; empty otherwise."""

    def job(self, name: str) -> ChildJob | None:
        """The Job of that name."""
        return next((job for job in self.jobs if job.name == name), None)

    def pods_of(self, job_uid: str) -> list[Pod]:
        """The pods of that Job."""
        return [pod for pod in self.pods if pod.job_uid == job_uid]


@dataclass(frozen=True, slots=True)
class DatasetSeen:
    """An InstructionDataset that an SFTJob names."""

    generation: int
    status: InstructionDatasetStatus


@dataclass(frozen=True, slots=True)
class DatasetWorld:
    """All that is decided upon for an InstructionDataset."""

    parent: Parent
    spec: InstructionDatasetSpec
    status: InstructionDatasetStatus
    profiles: Sequence[Profile | UnreadableProfile]
    images: Images
    children: Children = field(default_factory=Children)


@dataclass(frozen=True, slots=True)
class SFTJobWorld:
    """All that is decided upon for an SFTJob."""

    parent: Parent
    spec: SFTJobSpec
    status: SFTJobStatus
    profiles: Sequence[Profile | UnreadableProfile]
    images: Images
    datasets: Mapping[str, DatasetSeen]
    """By name; one that is missing does not exist."""
    children: Children = field(default_factory=Children)
    progress: Progress | None = None
    """Newest answer of the running pod that is worth writing down."""
