"""How an SFTJob changes the weights: method and hyper-parameters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sft_operator.api.api_model import LIST_SET, ApiModel, cel, decimal, text, with_rules

ModuleName = Annotated[
    str,
    text(
        r"^[A-Za-z0-9_.-]+$",
        "must be the name of a module of the model, for example 'q_proj', or 'all-linear'",
        max_length=64,
    ),
]
ALL_LINEAR_RULE = cel("!('all-linear' in self) || size(self) == 1", "'all-linear' must stand alone")


class LoRA(ApiModel):
    """Low-rank adaptation (Hu et al. 2021, arXiv 2106.09685); names as in peft.LoraConfig."""

    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """Size of the adapter's inner dimension: more can learn more, and takes more memory."""
    alpha: Annotated[int, Field(ge=1, le=1024)] = 32
    """The adapter's output is scaled by alpha / rank."""
    dropout: Annotated[str, decimal("0.05", "value < 1.0", "from 0 to below 1")] = "0"
    """Share of the adapter's inputs that is dropped at random while training."""
    target_modules: Annotated[
        list[ModuleName],
        Field(min_length=1, max_length=32, json_schema_extra={**LIST_SET, **with_rules(ALL_LINEAR_RULE)}),
    ] = ["all-linear"]
    """Modules that get an adapter, by name; `all-linear` is every linear layer but the output head."""


class Method(ApiModel):
    """How the weights are changed."""

    lora: LoRA = LoRA()
    """Trains small matrices beside the frozen weights; the result is an adapter."""


class Precision(StrEnum):
    """Number format of training; Auto takes BF16 on a GPU and FP32 on a CPU."""

    AUTO = "Auto"
    BF16 = "BF16"
    FP32 = "FP32"


class LearningRateSchedule(StrEnum):
    """How the learning rate goes after the warm-up."""

    LINEAR = "Linear"
    COSINE = "Cosine"
    CONSTANT = "Constant"


class Training(ApiModel):
    """Hyper-parameters; names as in TRL's SFTConfig where it has them."""

    epochs: Annotated[int, Field(ge=1, le=1000)] = 3
    """How often each row is trained on."""
    max_steps: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Ends the run earlier than its epochs would."""
    learning_rate: Annotated[str, decimal("2e-4", "value > 0.0 && value < 1.0", "greater than 0 and less than 1")] = "2e-4"
    """Peak learning rate."""
    schedule: LearningRateSchedule = LearningRateSchedule.COSINE
    """How the learning rate goes after the warm-up: down in a line, down along a cosine, or not at all."""
    warmup_ratio: Annotated[str, decimal("0.03", "value < 1.0", "from 0 to below 1")] = "0.03"
    """Share of the steps in which the learning rate rises from 0."""
    weight_decay: Annotated[str, decimal("0.01", "value < 1.0", "from 0 to below 1")] = "0"
    """AdamW's decoupled weight decay."""
    max_grad_norm: Annotated[str, decimal("1.0", "value > 0.0", "greater than 0")] = "1.0"
    """Longer gradients are shortened to this norm."""
    micro_batch_size: Annotated[int, Field(ge=1, le=1024)] = 8
    """Rows in one forward pass."""
    gradient_accumulation_steps: Annotated[int, Field(ge=1, le=1024)] = 1
    """Forward passes that make one step."""
    max_sequence_length: Annotated[int, Field(ge=16, le=1_048_576)] = 1024
    """Tokens; longer rows are cut."""
    packing: bool = False
    """Fill each sequence with several rows; they do not see each other."""
    precision: Precision = Precision.AUTO
    """Number format of training; Auto takes BF16 on a GPU and FP32 on a CPU."""
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] = 42
    """Start of every random sequence of the run."""
