"""Status of an SFTJob: what its run was resolved to, how far it is, and what came of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sft_operator.api.api_model import ApiModel, ObjectName, Timestamp, list_map
from sft_operator.api.condition import Attempt, Condition, Failure
from sft_operator.api.training_settings import Precision


class ResolvedModel(ApiModel):
    """The model as it was pinned."""

    uri: Annotated[str, Field(max_length=1024)]
    """Where it lies."""
    revision: Annotated[str, Field(max_length=64)]
    """sha256 over the sorted (file name, sha256 of the file)."""
    weight_format: Annotated[str, Field(max_length=16)]
    """Safetensors or GGUF."""
    architecture: Annotated[str, Field(max_length=128)]
    """Its class in transformers."""
    parameters: int
    """Number of weights."""
    bytes: int
    """Size of its files."""
    context_length: int
    """Tokens it was made for."""


class ResolvedDataset(ApiModel):
    """A dataset as it was pinned."""

    name: ObjectName
    """The InstructionDataset."""
    digest: Annotated[str, Field(max_length=64)]
    """The version."""
    uri: Annotated[str, Field(max_length=2048)]
    """Folder of the version."""


class ResolvedData(ApiModel):
    """What the plan counted with the model's own tokenizer and chat template."""

    train_rows: int
    """Rows to train on."""
    eval_rows: int
    """Rows to measure on."""
    tokens: int
    """Tokens of all rows to train on, cut at maxSequenceLength."""
    trained_tokens: int
    """Those of them that carry loss: the assistant's."""
    truncated_rows: int
    """Rows longer than maxSequenceLength."""
    longest_row_tokens: int
    """Length of the longest row, before it is cut."""


class Resolved(ApiModel):
    """What a run is made of, beside `pinnedDatasets`. Stands before any training pod exists, and does not change within a run."""

    profile_name: ObjectName
    """TrainingProfile in use."""
    image: Annotated[str, Field(max_length=512)]
    """Trainer image."""
    model: ResolvedModel
    """The model as it was pinned."""
    data: ResolvedData
    """What the plan counted with the model's own tokenizer and chat template."""
    precision: Precision
    """Number format of training."""
    precision_reason: Annotated[str, Field(max_length=128)]
    """Why this one."""
    max_sequence_length: int
    """Tokens at which rows are cut."""
    total_steps: int
    """Steps of the whole run."""
    output_uri: Annotated[str, Field(max_length=2048, alias="outputURI")]
    """Folder of this run: checkpoints/, artifact/, exits/, samples.jsonl. Its name digests what the run is made of."""


DecimalText = Annotated[str, Field(max_length=16)]


class ProgressDisplay(ApiModel):
    """The progress as `kubectl get` prints it; programs read the numbers beside it."""

    step: Annotated[str, Field(max_length=24)] | None = None
    """Step and total steps, for example `12/36`."""
    progress: Annotated[str, Field(max_length=8)] | None = None
    """For example `33%`."""
    eta: Annotated[str, Field(max_length=16)] | None = None
    """Time left, for example `2m10s`."""


class JobProgress(ApiModel):
    """The newest figures of the running pod; decimal numbers as text."""

    phase: Annotated[str, Field(max_length=32)] | None = None
    """What the pod does: Starting, Downloading, Tokenizing, Sampling, Training, Evaluating, Publishing."""
    step: int = 0
    """Steps done."""
    total_steps: int = 0
    """Steps of the whole run."""
    percent: int = 0
    """Steps done, in percent."""
    epoch: DecimalText | None = None
    """Passes over the data, for example `1.25`."""
    loss: DecimalText | None = None
    """Training loss of the newest step that was logged."""
    eval_loss: DecimalText | None = None
    """Loss on the rows kept from training."""
    learning_rate: DecimalText | None = None
    """Learning rate of the newest step that was logged."""
    tokens_per_second: int | None = None
    """Speed of training."""
    eta_seconds: int | None = None
    """Time left, estimated from the speed so far."""
    last_committed_step: int = 0
    """Newest checkpoint in the object store; 0 is none."""
    first_step_at: Timestamp | None = None
    """When the first training step of the newest attempt ended."""
    updated_at: Timestamp | None = None
    """When these figures were true."""
    display: ProgressDisplay | None = None
    """The same as text, for the columns of `kubectl get`."""


class SampleStatus(ApiModel):
    """One prompt, answered before and after training."""

    prompt: Annotated[str, Field(max_length=256)]
    """What was asked."""
    before: Annotated[str, Field(max_length=256)]
    """Answer of the model as it was."""
    after: Annotated[str, Field(max_length=256)]
    """Answer after training."""


class ArtifactStatus(ApiModel):
    """The published adapter."""

    uri: Annotated[str, Field(max_length=2048)]
    """Its folder."""
    manifest_digest: Annotated[str, Field(max_length=64)]
    """sha256 of its MANIFEST.json, which lists every file with its sha256."""
    bytes: int
    """Size of all its files."""


class RunSummary(ApiModel):
    """What came of an earlier run."""

    run: int
    """Its spec.run."""
    reason: Annotated[str, Field(max_length=64)]
    """How it ended, as a CamelCase word."""
    attempt_count: int
    """Training attempts it took."""
    ended_at: Timestamp
    """When the next run took its place."""
    manifest_digest: Annotated[str, Field(max_length=64)] | None = None
    """sha256 of the MANIFEST.json of the adapter it published, which stays in the object store."""


class SFTJobStatus(ApiModel):
    """What the operator found and did."""

    observed_generation: int = -1
    """metadata.generation that this status speaks of; -1 before the operator saw the object."""
    phase: Annotated[str, Field(max_length=32)] | None = None
    """Summary for people: Refused, Pending, Planning, Starting, Training, Retrying, Succeeded, Failed. Read the conditions
    in programs."""
    run: int | None = None
    """spec.run that this status speaks of."""
    conditions: Annotated[list[Condition], Field(max_length=12, json_schema_extra=list_map("type"))] = []
    """What holds, and why; wait for `Succeeded`."""
    pinned_datasets: Annotated[list[ResolvedDataset], Field(max_length=8, json_schema_extra=list_map("name"))] = []
    """Versions that this run's plan reads, and its training after it."""
    plans: Annotated[list[Attempt], Field(max_length=10)] = []
    """Plan Jobs of this run, the newest last."""
    plan_count: int = 0
    """Plan Jobs of this run; `plans` holds the last ten."""
    plan_retry_count: int = 0
    """Plans that were made again after a failure; interruptions do not count."""
    planned_spec: Annotated[str, Field(max_length=12)] | None = None
    """Digest of the spec that `pinnedDatasets` and the newest plan belong to; limits are not in it."""
    resolved: Resolved | None = None
    """What the run is made of: stands before any training pod exists, and does not change within a run."""
    progress: JobProgress | None = None
    """The newest figures of the running pod."""
    attempts: Annotated[list[Attempt], Field(max_length=10)] = []
    """Training Jobs of this run, the newest last."""
    attempt_count: int = 0
    """Training attempts of this run; `attempts` holds the last ten."""
    retry_count: int = 0
    """Attempts that counted against spec.limits.maxRetries since the newest checkpoint."""
    interruption_count: int = 0
    """Interruptions in a row without a newer checkpoint; the third one ends the run."""
    retry_after: Timestamp | None = None
    """When the next attempt starts, while one is waited for."""
    failure: Failure | None = None
    """Why the newest attempt failed."""
    runs: Annotated[list[RunSummary], Field(max_length=5)] = []
    """Earlier runs, the newest first."""
    samples: Annotated[list[SampleStatus], Field(max_length=3)] = []
    """The first answers; all of them stand in samples.jsonl."""
    artifact: ArtifactStatus | None = None
    """The published adapter."""
