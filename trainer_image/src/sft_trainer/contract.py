"""The contract between the operator and the pods it starts: what goes in (a config file) and what comes out.

The operator writes one of `PrepareConfig`, `PlanConfig`, `RunConfig` into a ConfigMap, mounted at `CONFIG_PATH`. The pod answers
with `Progress` over HTTP while it runs, and with one `TerminationMessage` at its end, which the store keeps as exit record.
This module imports pydantic only, because the operator imports it; it must never import anything else of the trainer.

A config holds no secret, only the folder in which the kubelet mounts one. Field names are camelCase on the wire.
"""

from __future__ import annotations

import json
from enum import IntEnum, StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

CONTRACT_VERSION = 1
CONFIG_PATH = "/run/sft/config.json"
CREDENTIALS_ROOT = "/run/sft/credentials"
"""Each Secret is mounted at `<CREDENTIALS_ROOT>/<secret name>/`, one file a key, with the keys of `CREDENTIAL_KEYS`."""
CREDENTIAL_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
OPTIONAL_CREDENTIAL_KEYS = ("AWS_SESSION_TOKEN",)
SCRATCH_PATH = "/scratch"
"""The pod's own disk, an emptyDir; everything below it may be lost at any moment."""
TERMINATION_LOG_PATH = "/dev/termination-log"
PROGRESS_PORT = 8080
POD_UID_VARIABLE = "SFT_POD_UID"
"""Environment variable that the downward API fills; the pod's UID fences checkpoints and signs progress."""
MAX_TERMINATION_MESSAGE_BYTES = 4096
"""The kubelet cuts a termination message here, and a cut JSON document is none."""


class ExitCode(IntEnum):
    """Exit codes of every pod. podFailurePolicy and the operator's retry policy are written in terms of them."""

    DONE = 0
    INVALID = 10
    """Invalid config, dataset, model or contract: no retry can help."""
    OUT_OF_MEMORY = 11
    NON_FINITE_LOSS = 12
    STORE_UNAVAILABLE = 13
    CHECKPOINT_UNUSABLE = 14
    STORE_DENIED = 15
    """The store denied access or is full."""
    PREEMPTED = 20
    STALLED = 21
    HARDWARE = 22


class Reason(StrEnum):
    """Why a pod ended as it did: a CamelCase word that becomes a condition's reason."""

    COMPLETED = "Completed"
    ALREADY_COMPLETED = "AlreadyCompleted"
    INVALID_CONFIG = "InvalidConfig"
    CONTRACT_MISMATCH = "ContractMismatch"
    SOURCE_NOT_FOUND = "SourceNotFound"
    SOURCE_EMPTY = "SourceEmpty"
    SOURCE_UNREADABLE = "SourceUnreadable"
    BUCKET_NOT_FOUND = "BucketNotFound"
    NO_ROWS_KEPT = "NoRowsKept"
    TOO_FEW_ROWS = "TooFewRows"
    TOO_MANY_REJECTED = "TooManyRejected"
    DATASET_CORRUPT = "DatasetCorrupt"
    MODEL_NOT_FOUND = "ModelNotFound"
    MODEL_WITHOUT_WEIGHTS = "ModelWithoutWeights"
    MODEL_UNSUPPORTED = "ModelUnsupported"
    MODEL_CHANGED = "ModelChanged"
    CREDENTIALS_INCOMPLETE = "CredentialsIncomplete"
    STORE_DENIED = "StoreDenied"
    STORE_FULL = "StoreFull"
    STORE_UNAVAILABLE = "StoreUnavailable"
    OUT_OF_MEMORY = "OutOfMemory"
    NON_FINITE_LOSS = "NonFiniteLoss"
    CHECKPOINT_UNUSABLE = "CheckpointUnusable"
    PREEMPTED = "Preempted"
    STALLED = "Stalled"
    HARDWARE = "Hardware"
    INTERNAL_ERROR = "InternalError"


class ContractModel(BaseModel):
    """Base of everything on the wire: camelCase, frozen, unknown fields refused (a newer peer must raise the version)."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    def to_json(self) -> str:
        """The document as it goes over the wire."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


class StorePrefix(ContractModel):
    """A place in an object store, and how it is reached."""

    uri: str
    """`s3://bucket/key`, or `file:///folder` outside a cluster. A trailing slash says "folder"."""
    endpoint: str | None = None
    """URL of the S3 endpoint; none is AWS's own."""
    region: str | None = None
    credentials_path: str | None = None
    """Folder with one file for each of `CREDENTIAL_KEYS`; none leaves it to the pod's identity."""


class ObjectRef(ContractModel):
    """The Kubernetes object on whose behalf a pod runs."""

    namespace: str
    name: str
    uid: str


class RowFormat(StrEnum):
    """The shape of a source's rows."""

    AUTO = "Auto"
    ALPACA = "Alpaca"
    MESSAGES = "Messages"
    PROMPT_COMPLETION = "PromptCompletion"


class Source(ContractModel):
    """One source of rows: exactly one of `store` and `inline` is given."""

    name: str
    store: StorePrefix | None = None
    inline: str | None = None
    """JSONL text."""
    format: RowFormat = RowFormat.AUTO


class Gates(ContractModel):
    """What a dataset must hold to be published."""

    max_reject_percent: int = Field(ge=0, le=100)
    min_rows: int = Field(ge=1)


class PrepareConfig(ContractModel):
    """What a `prepare` pod is to do: read the sources, publish one version of the dataset."""

    kind: Literal["Prepare"] = "Prepare"
    contract_version: int = CONTRACT_VERSION
    owner: ObjectRef
    attempt: int
    sources: list[Source]
    eval_percent: int = Field(ge=0, le=50)
    gates: Gates
    versions: StorePrefix
    """Folder `<output>/<namespace>/datasets/<name>/`, in which the version `<digest>/` is published."""
    run: StorePrefix
    """Folder `.../datasets/<name>/runs/<uid8>-g<generation>-r<run>/` for rejects, report.json and exit records."""


class PinnedDataset(ContractModel):
    """A dataset version: its folder holds a MANIFEST.json whose dataset digest is `digest`."""

    name: str
    digest: str
    store: StorePrefix


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
    eval_rows: int
    tokens: int
    """Tokens of all train rows, rendered, cut at max_sequence_length."""
    trained_tokens: int
    """Those of them that carry loss: the assistant's."""
    truncated_rows: int
    longest_row_tokens: int


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


AnyConfig = Annotated[PrepareConfig | PlanConfig | RunConfig, Field(discriminator="kind")]


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


class RejectedRow(ContractModel):
    """One rejected row, as a user finds it again."""

    source: str
    file: str
    line: int
    reason: str


class Accounting(ContractModel):
    """Every row read is kept or rejected: `read == kept + sum(rejected.values())`, always."""

    read: int
    kept: int
    rejected: dict[str, int]
    """Rows by reason, duplicates included."""


class PrepareResult(ContractModel):
    """A published version."""

    digest: str
    uri: str
    train_rows: int
    eval_rows: int
    bytes: int
    accounting: Accounting
    report_uri: str
    rejects: list[RejectedRow]
    """The first few; all of them stand in rejects/."""


class PlanResult(ContractModel):
    """What a plan measured."""

    model: ModelFacts
    data: DataStats


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
    artifact: Artifact | None = None
    samples: list[Sample] = []


class TerminationMessage(ContractModel):
    """How a pod ended: written to the termination log and, the same, to the store as exit record."""

    contract_version: int = CONTRACT_VERSION
    pod_uid: str
    attempt: int
    exit_code: int
    reason: Reason
    message: str
    """One or two sentences: what was found, where, what it must be."""
    remedy: str = ""
    """What the user can do next."""
    accounting: Accounting | None = None
    """Also of a preparation that failed: how many rows it read and why it kept none."""
    rejects: list[RejectedRow] = []
    prepare: PrepareResult | None = None
    plan: PlanResult | None = None
    train: TrainResult | None = None

    def fit(self, max_bytes: int = MAX_TERMINATION_MESSAGE_BYTES) -> TerminationMessage:
        """The same message, made to fit: samples, then rejected rows, then the tail of the text give way."""
        candidate: TerminationMessage = self
        for shrink in (_shorten_samples, _drop_samples, _drop_rejects, _shorten_text):
            if len(candidate.to_json().encode()) <= max_bytes:
                return candidate
            candidate = shrink(candidate)
        return candidate


MAX_SAMPLE_TEXT_BYTES = 280
MAX_MESSAGE_TEXT_BYTES = 1000
"""As JSON. So chosen that three samples, or a message with its remedy, fit below 4 KiB in any language."""


def _cut(text: str, max_bytes: int) -> str:
    """The beginning of a text that takes no more than so many bytes as JSON, where a character takes one to six."""
    if _json_bytes(text) <= max_bytes:
        return text
    while (excess := _json_bytes(text) + 3 - max_bytes) > 0:
        text = text[: -max(1, excess // 6)]
    return text + "..."


def _json_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


def _shorten_samples(message: TerminationMessage) -> TerminationMessage:
    if message.train is None:
        return message
    samples = [
        Sample(**{field: _cut(text, MAX_SAMPLE_TEXT_BYTES) for field, text in sample.model_dump().items()})
        for sample in message.train.samples
    ]
    return message.model_copy(update={"train": message.train.model_copy(update={"samples": samples})})


def _drop_samples(message: TerminationMessage) -> TerminationMessage:
    if message.train is None:
        return message
    return message.model_copy(update={"train": message.train.model_copy(update={"samples": []})})


def _drop_rejects(message: TerminationMessage) -> TerminationMessage:
    prepare = message.prepare.model_copy(update={"rejects": []}) if message.prepare else None
    return message.model_copy(update={"rejects": [], "prepare": prepare})


def _shorten_text(message: TerminationMessage) -> TerminationMessage:
    cut = {name: _cut(text, MAX_MESSAGE_TEXT_BYTES) for name, text in (("message", message.message), ("remedy", message.remedy))}
    return message.model_copy(update=cut)
