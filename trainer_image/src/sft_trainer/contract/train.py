"""`train`: one attempt at one run in, checkpoints and an artifact out."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from sft_trainer.contract.plan import ModelFacts
from sft_trainer.contract.prepare import PinnedDataset
from sft_trainer.contract.wire import CONTRACT_VERSION, ContractModel, ObjectRef, StorePrefix


class LoRASettings(ContractModel):
    """LoRA (Hu et al. 2021, arXiv 2106.09685); names as in peft.LoraConfig."""

    rank: int = Field(ge=1, le=512)
    alpha: int = Field(ge=1, le=1024)
    dropout: float = Field(ge=0, lt=1)
    target_modules: list[str]
    """Module names, or the one entry `all-linear`."""


class Precision(StrEnum):
    """Number format of the forward and backward pass."""

    BF16 = "BF16"
    FP32 = "FP32"


class LearningRateSchedule(StrEnum):
    """How the learning rate goes after the warm-up."""

    LINEAR = "Linear"
    COSINE = "Cosine"
    CONSTANT = "Constant"


class TrainingSettings(ContractModel):
    """Hyper-parameters, all resolved; names as in TRL's SFTConfig where it has them."""

    epochs: int = Field(ge=1)
    max_steps: int | None = Field(default=None, ge=1)
    """Ends the run earlier than its epochs would."""
    learning_rate: float = Field(gt=0, lt=1)
    schedule: LearningRateSchedule
    warmup_ratio: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0, lt=1)
    max_grad_norm: float = Field(gt=0)
    micro_batch_size: int = Field(ge=1)
    gradient_accumulation_steps: int = Field(ge=1)
    max_sequence_length: int = Field(ge=16)
    packing: bool
    precision: Precision
    seed: int


class SamplingSettings(ContractModel):
    """Answers generated before and after training. Greedy when `temperature` is None."""

    prompts: list[str]
    max_new_tokens: int = Field(ge=1)
    temperature: float | None = None
    top_p: float | None = None


class RunConfig(ContractModel):
    """What a `train` pod is to do: one attempt at one run."""

    kind: Literal["Run"] = "Run"
    contract_version: int = CONTRACT_VERSION
    owner: ObjectRef
    run: int
    attempt: int
    model: StorePrefix
    model_facts: ModelFacts
    model_cache: StorePrefix
    """Folder `<output>/<namespace>/models/<revision>/` for weights converted from GGUF, made once."""
    datasets: list[PinnedDataset]
    lora: LoRASettings
    training: TrainingSettings
    sampling: SamplingSettings
    checkpoint_every_steps: int = Field(ge=1)
    output: StorePrefix
    """Folder `<output>/<namespace>/jobs/<name>/<inputs12>-r<run>/`."""
    last_committed_step: int = Field(ge=0)
    """Newest checkpoint that the operator knows of; a store that shows none although this is > 0 is CheckpointUnusable."""
    grace_seconds: int
    """Seconds between SIGTERM and SIGKILL."""


class Sample(ContractModel):
    """One prompt, answered by the model before and after training."""

    prompt: str
    before: str
    after: str


class Artifact(ContractModel):
    """A published adapter, as the pod read it back from the store."""

    uri: str
    manifest_digest: str
    """sha256 of MANIFEST.json, which lists every file with its sha256."""
    bytes: int


class TrainResult(ContractModel):
    """What an attempt reached, whether it finished or not."""

    resumed_from_step: int = 0
    last_committed_step: int = 0
    total_steps: int = 0
    first_step_at: float | None = None
    train_loss: float | None = None
    eval_loss: float | None = None
    trained_tokens: int | None = None
    untrained_examples: int = 0
    """Left out, because their answers lie beyond the longest sequence."""
    artifact: Artifact | None = None
    samples: list[Sample] = []
