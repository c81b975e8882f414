"""SFTJob: one supervised fine-tuning of one model on pinned dataset versions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from sft_operator.api.api_model import (
    OBJECT_NAME_RULE,
    RUN_NEVER_FALLS_RULE,
    ApiModel,
    ObjectName,
    cel,
    decimal,
    list_map,
    with_rules,
)
from sft_operator.api.model_source import ModelSource
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.api.training_settings import Method, Training


class DatasetRef(ApiModel):
    """An InstructionDataset in the same namespace."""

    name: ObjectName
    """Its metadata.name."""


class Sampling(ApiModel):
    """Chooses tokens at random by their probability, instead of always the likeliest."""

    temperature: Annotated[str, decimal("0.7", "value > 0.0 && value <= 2.0", "greater than 0 and at most 2")]
    """Higher is more varied."""
    top_p: Annotated[str, decimal("0.9", "value > 0.0 && value <= 1.0", "greater than 0 and at most 1")] = "1.0"
    """Only the likeliest tokens whose probabilities sum to this are chosen from."""


class Samples(ApiModel):
    """Prompts that the model answers before and after training."""

    prompts: Annotated[list[Annotated[str, Field(min_length=1, max_length=2000)]], Field(max_length=64)] = []
    """Questions; each is asked as one user turn."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 128
    """Where an answer is cut."""
    sampling: Sampling | None = None
    """Greedy when absent."""


class Evaluation(ApiModel):
    """What is looked at beside the loss."""

    samples: Samples = Samples()
    """Prompts that the model answers before and after training."""


class Checkpoint(ApiModel):
    """When the run's state is committed to the object store."""

    every_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    """At most this many steps, and the upload in flight, are lost with a pod."""


class Limits(ApiModel):
    """Bounds that may be changed while a run goes on."""

    max_retries: Annotated[int, Field(ge=0, le=100)] = 3
    """New attempts after failures that may pass, with no newer checkpoint between them. Preemptions and an object store that is
    away do not count."""


def frozen_in_run(field: str) -> dict[str, Any]:
    """CEL rule: this field may change until the run is resolved, and afterwards only together with a greater `run`.

    It compares presence too, so that adding or removing the field counts as a change.
    """
    not_pinned = (
        "self.spec.run > oldSelf.spec.run || !has(self.status) || !has(self.status.run) || "
        "self.status.run != self.spec.run || !has(self.status.resolved)"
    )
    new, old = f"self.spec.{field}", f"oldSelf.spec.{field}"
    return cel(
        f"{not_pinned} || (has({new}) == has({old}) && (!has({new}) || {new} == {old}))",
        f"spec.{field} is part of run and may not change once the run is resolved; raise spec.run to train again",
        f".spec.{field}",
    )


RUN_FIELDS = ("profileName", "model", "datasets", "method", "training", "evaluation", "checkpoint")
"""The fields that define a run. `limits` stays mutable."""


class SFTJobSpec(ApiModel):
    """What is to be trained, on what, and how."""

    profile_name: ObjectName | None = None
    """TrainingProfile to train with; the default one when absent."""
    run: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Raise it to train again. While a run stands, the fields that define it cannot change."""
    model: ModelSource
    """The model to start from."""
    datasets: Annotated[list[DatasetRef], Field(min_length=1, max_length=8, json_schema_extra=list_map("name"))]
    """What is trained on; the rows of all of them, mixed."""
    method: Method = Method()
    """How the weights are changed."""
    training: Training = Training()
    """Hyper-parameters."""
    evaluation: Evaluation = Evaluation()
    """What is looked at beside the loss."""
    checkpoint: Checkpoint = Checkpoint()
    """When the run's state is committed to the object store."""
    limits: Limits = Limits()
    """Bounds that may be changed while a run goes on."""


class SFTJob(ApiModel):
    """One supervised fine-tuning of one model on pinned dataset versions."""

    model_config = ConfigDict(
        json_schema_extra=with_rules(
            OBJECT_NAME_RULE,
            RUN_NEVER_FALLS_RULE,
            *(frozen_in_run(field) for field in RUN_FIELDS),
        )
    )

    spec: SFTJobSpec
    """What is to be trained, on what, and how."""
    status: SFTJobStatus = SFTJobStatus()
    """What the operator found and did."""
