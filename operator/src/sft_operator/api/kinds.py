"""The three kinds as the API server knows them: names, scope, and the columns of `kubectl get`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sft_operator.api.api_model import ApiModel
from sft_operator.api.instruction_dataset import InstructionDataset
from sft_operator.api.sft_job import SFTJob
from sft_operator.api.training_profile import TrainingProfile


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`; with `priority` 1 it is shown by `-o wide` only."""

    name: str
    path: str
    type: Literal["string", "integer", "boolean", "date"] = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """What a CustomResourceDefinition says beside its schema."""

    model: type[ApiModel]
    plural: str
    short_name: str
    scope: Literal["Namespaced", "Cluster"]
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        return self.model.__name__

    @property
    def has_status(self) -> bool:
        return "status" in self.model.model_fields


AGE = Column("AGE", ".metadata.creationTimestamp", "date")
REASON = Column("REASON", '.status.conditions[?(@.type=="Ready")].reason', priority=1)
"""What an object waits for or failed over, without asking each one with `kubectl describe`."""

TRAINING_PROFILE = Kind(
    TrainingProfile,
    plural="trainingprofiles",
    short_name="tprof",
    scope="Cluster",
    columns=(
        Column("DEFAULT", ".spec.default", "boolean"),
        Column("GPU", ".spec.resources.gpu.count", "integer"),
        AGE,
    ),
)
INSTRUCTION_DATASET = Kind(
    InstructionDataset,
    plural="instructiondatasets",
    short_name="ids",
    scope="Namespaced",
    columns=(
        Column("PHASE", ".status.phase"),
        Column("ROWS", ".status.version.rows", "integer"),
        Column("REJECTED", ".status.accounting.rejectedRows", "integer"),
        AGE,
        REASON,
        Column("DIGEST", ".status.version.digest", priority=1),
    ),
)
SFT_JOB = Kind(
    SFTJob,
    plural="sftjobs",
    short_name="sft",
    scope="Namespaced",
    columns=(
        Column("PHASE", ".status.phase"),
        Column("STEP", ".status.progress.display.step"),
        Column("PROGRESS", ".status.progress.display.progress"),
        Column("LOSS", ".status.progress.loss"),
        Column("ETA", ".status.progress.display.eta"),
        AGE,
        REASON,
    ),
)
KINDS = (TRAINING_PROFILE, INSTRUCTION_DATASET, SFT_JOB)
