"""What a running training pod answers when it is asked how far it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sft_trainer.contract.wire import CONTRACT_VERSION, ContractModel


class Phase(StrEnum):
    """What a pod is doing now."""

    STARTING = "Starting"
    DOWNLOADING = "Downloading"
    TOKENIZING = "Tokenizing"
    SAMPLING = "Sampling"
    TRAINING = "Training"
    EVALUATING = "Evaluating"
    PUBLISHING = "Publishing"


class Progress(ContractModel):
    """Answer of `GET /v1/progress`. Untrusted input for the operator, which parses it with this model."""

    contract_version: int = CONTRACT_VERSION
    pod_uid: Annotated[str, Field(max_length=64)]
    phase: Phase
    step: int = Field(ge=0)
    total_steps: int = Field(ge=0)
    epoch: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    loss: float | None = Field(default=None, allow_inf_nan=False)
    eval_loss: float | None = Field(default=None, allow_inf_nan=False)
    learning_rate: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    tokens_per_second: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    eta_seconds: int | None = Field(default=None, ge=0)
    last_committed_step: int = Field(default=0, ge=0)
    first_step_at: float | None = Field(default=None, allow_inf_nan=False)
    """Unix time at which the first training step ended."""
    updated_at: float = Field(allow_inf_nan=False)
    """Unix time at which these figures were true."""
