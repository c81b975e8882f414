"""`plan`: a model and dataset versions in, what they measure out."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from sft_trainer.contract.prepare import PinnedDataset
from sft_trainer.contract.wire import CONTRACT_VERSION, ContractModel, ObjectRef, StorePrefix


class PlanConfig(ContractModel):
    """What a `plan` pod is to do: pin and measure the model, count tokens, prove that the output can be written."""

    kind: Literal["Plan"] = "Plan"
    contract_version: int = CONTRACT_VERSION
    owner: ObjectRef
    attempt: int
    model: StorePrefix
    datasets: list[PinnedDataset]
    max_sequence_length: int = Field(ge=16)
    output: StorePrefix
    """Folder `<output>/<namespace>/jobs/<name>/`."""


class WeightFormat(StrEnum):
    """How a model's weights are stored."""

    SAFETENSORS = "Safetensors"
    GGUF = "GGUF"


class ModelFacts(ContractModel):
    """What a plan found out about a model."""

    revision: str
    """sha256 over the sorted (file name, sha256 of the file): names the exact bytes."""
    weight_format: WeightFormat
    architecture: str
    parameters: int
    """Number of weights."""
    bytes: int
    context_length: int
    """Tokens the model was made for."""


class DataStats(ContractModel):
    """What a plan counted with the model's tokenizer and chat template."""

    train_rows: int
    """Examples with something to learn: one a row, or one an answer where the template rewrites earlier turns."""
    eval_rows: int
    tokens: int
    """Tokens of all train rows, rendered, cut at max_sequence_length."""
    trained_tokens: int
    """Those of them that carry loss: the assistant's."""
    truncated_rows: int
    longest_row_tokens: int


class PlanResult(ContractModel):
    """What a plan measured."""

    model: ModelFacts
    data: DataStats
