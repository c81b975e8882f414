"""InstructionDataset: rows from somewhere, made into an immutable, accounted version."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from sft_operator.api.api_model import (
    LIST_SET,
    OBJECT_NAME_RULE,
    RUN_NEVER_FALLS_RULE,
    ApiModel,
    ObjectName,
    Timestamp,
    cel,
    list_map,
    with_rules,
)
from sft_operator.api.cleaning import Clean
from sft_operator.api.condition import Attempt, Condition, Failure
from sft_operator.api.dataset_source import DatasetSource, DomainLimit, RowSource
from sft_operator.api.model_source import ModelSource


class CompareBy(StrEnum):
    """What of a row is compared with other rows."""

    ROW = "Row"
    INSTRUCTION = "Instruction"


class NearDuplicateAction(StrEnum):
    """What becomes of rows that are nearly the same."""

    DROP = "Drop"
    KEEP = "Keep"
    IGNORE = "Ignore"


class NearDuplicates(ApiModel):
    """Rows that say nearly the same."""

    action: NearDuplicateAction = NearDuplicateAction.DROP
    """Drop keeps one row of each cluster; Keep keeps all, on one side of the split; Ignore does not look for them."""
    threshold_percent: Annotated[int, Field(ge=60, le=100)] = 70
    """Similarity (Jaccard, of the sets of five-character shingles) from which on two rows are near duplicates."""
    by: CompareBy = CompareBy.ROW
    """Row compares all that a row says, and what it asks must be as similar; Instruction compares only what it asks."""


class Dedupe(ApiModel):
    """Which rows are duplicates. The one of the least source name, file and line is kept."""

    exact: CompareBy = CompareBy.ROW
    """Row drops rows that are the same in all they teach; Instruction also those that answer the same question otherwise."""
    near: NearDuplicates = NearDuplicates()
    """Rows that say nearly the same."""


class Contamination(ApiModel):
    """Rows that repeat what models will be evaluated with are not published: learned by heart, they make a score meaningless."""

    sources: Annotated[list[RowSource], Field(min_length=1, max_length=16, json_schema_extra=list_map("name"))]
    """Where the evaluation rows are."""
    min_overlap_percent: Annotated[int, Field(ge=0, le=100)] = 50
    """Share of n-grams, of a row or an evaluation row, whichever has fewer, that both must have; at 0 one is enough."""
    ngram_tokens: Annotated[int, Field(ge=5, le=50)] = 13
    """Length of the n-grams in words, or in single Chinese characters."""


class Split(ApiModel):
    """How many rows are kept from training, to measure on."""

    eval_percent: Annotated[int, Field(ge=0, le=50)] = 5
    """Percent of the rows, chosen by their content, so that the same row always falls on the same side."""


class Features(ApiModel):
    """What is measured of the rows that are kept, beside their lengths, languages and diversity. It changes no row."""

    model: ModelSource | None = None
    """Model that the rows are meant for: their tokens are counted with its tokenizer and chat template. No tokens are counted
    when absent."""
    sequence_lengths: Annotated[
        list[Annotated[int, Field(ge=16, le=1 << 20)]],
        Field(min_length=1, max_length=16, json_schema_extra=LIST_SET),
    ] = [512, 1024, 2048, 4096, 8192, 16384, 32768]
    """Values of an SFTJob's maxSequenceLength for which the report says how many rows they would cut."""


class ExportShape(StrEnum):
    """Another trainer's files."""

    LLAMA_FACTORY = "LlamaFactory"
    MS_SWIFT = "MsSwift"
    OPENAI = "OpenAI"


class Drift(ApiModel):
    """Whether the sources are still what the version was made from: the condition SourcesChanged says, and nothing is prepared by
    itself."""

    check_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=31_536_000,
            json_schema_extra=with_rules(cel("self == 0 || self >= 60", "must be 0, or 60 at least")),
        ),
    ] = 86_400
    """How often the sources are listed and compared, by a small Job; 0 is never. Rows in the manifest, and files that a checksum
    pins, cannot change."""


class Gates(ApiModel):
    """What must hold, or no version is published."""

    max_reject_percent: Annotated[int, Field(ge=0, le=100)] = 20
    """Rejected rows in percent of those read, at most. Duplicates do not count."""
    min_rows: Annotated[int, Field(ge=1, le=1_000_000_000)] = 1
    """Rows kept, at least."""


class InstructionDatasetSpec(ApiModel):
    """What the dataset is made of."""

    profile_name: ObjectName | None = None
    """TrainingProfile to prepare with; the default one when absent."""
    run: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Raise it to prepare again although nothing in this spec changed, for example after new data was uploaded."""
    sources: Annotated[list[DatasetSource], Field(min_length=1, max_length=16, json_schema_extra=list_map("name"))]
    """Where the rows come from."""
    domains: Annotated[list[DomainLimit], Field(max_length=16, json_schema_extra=list_map("domain"))] = []
    """How much is kept of each domain; all of those that are not named."""
    clean: Clean = Clean()
    """What is done to rows before they are compared."""
    dedupe: Dedupe = Dedupe()
    """Which rows are duplicates, and what becomes of them."""
    contamination: Contamination | None = None
    """What models will be evaluated with, and must not be trained on."""
    split: Split = Split()
    """How many rows are kept from training, to measure on."""
    features: Features = Features()
    """What is measured of the rows that are kept."""
    exports: Annotated[list[ExportShape], Field(max_length=3, json_schema_extra=LIST_SET)] = []
    """Other trainers' shapes that the version is written in too, in exports/ beside it."""
    drift: Drift = Drift()
    """Whether the sources are still what the version was made from."""
    gates: Gates = Gates()
    """What must hold, or no version is published."""


class DatasetVersion(ApiModel):
    """A published version: a folder that never changes."""

    digest: Annotated[str, Field(max_length=64)]
    """sha256 over the sorted rows and their split: the same rows always give the same digest."""
    uri: Annotated[str, Field(max_length=2048)]
    """Folder with the rows and the manifest that lists them."""
    rows: int
    """Rows in all."""
    train_rows: int
    """Rows to train on."""
    eval_rows: int
    """Rows to measure on."""
    bytes: int
    """Size of all its files."""
    tokens: int | None = None
    """Tokens of all rows as the model of spec.features sees them, its chat template included; absent without one."""
    trained_tokens: int | None = None
    """Those of them that an SFTJob learns from: the assistant's."""
    exports_uri: Annotated[str | None, Field(max_length=2048, alias="exportsURI")] = None
    """Folder with its rows in other trainers' shapes."""
    generation: int
    """metadata.generation it was made from."""
    run: int
    """spec.run it was made from."""
    ready_at: Timestamp
    """When it was published."""


class Accounting(ApiModel):
    """Every row read is kept or rejected: `read` is `kept` plus the sum of `rejected`."""

    read: int
    """Rows found in the sources."""
    kept: int
    """Rows in the version."""
    rejected: Annotated[dict[str, int], Field(max_length=32)]
    """Rows left out, by reason."""
    rejected_rows: int = 0
    """Rows left out, in all."""


class RejectedRow(ApiModel):
    """One rejected row, as its owner finds it again."""

    source: Annotated[str, Field(max_length=36)]
    """Name of the source."""
    file: Annotated[str, Field(max_length=1024)]
    """Object it stands in."""
    line: int
    """Line it stands on; the first is 1."""
    reason: Annotated[str, Field(max_length=64)]
    """Why it was rejected."""


class InstructionDatasetStatus(ApiModel):
    """What the operator found and did."""

    observed_generation: int = -1
    """metadata.generation that this status speaks of; -1 before the operator saw the object."""
    phase: Annotated[str, Field(max_length=32)] | None = None
    """Summary for people: Refused, Preparing, Ready, Failed. Read the conditions in programs."""
    run: int | None = None
    """spec.run that this status speaks of."""
    conditions: Annotated[list[Condition], Field(max_length=8, json_schema_extra=list_map("type"))] = []
    """What holds, and why; wait for `Ready`."""
    version: DatasetVersion | None = None
    """The newest version; jobs pin it by its digest."""
    versions: Annotated[list[DatasetVersion], Field(max_length=10)] = []
    """Earlier versions, newest first."""
    accounting: Accounting | None = None
    """What became of every row that the newest preparation read."""
    rejects: Annotated[list[RejectedRow], Field(max_length=5)] = []
    """The first rejected rows; all of them stand beside the report."""
    report_uri: Annotated[str | None, Field(max_length=2048, alias="reportURI")] = None
    """Report of the newest preparation, with every rejected row beside it."""
    attempted_generation: int | None = None
    """metadata.generation that `attempts` belong to."""
    attempts: Annotated[list[Attempt], Field(max_length=10)] = []
    """Preparation Jobs for this generation and run, the newest last."""
    attempt_count: int = 0
    """Attempts made for this generation and run; `attempts` holds the last ten."""
    retry_count: int = 0
    """Attempts for this generation and run that were made again after a failure; interruptions do not count."""
    retry_after: Timestamp | None = None
    """When the next attempt starts, while one is waited for."""
    failure: Failure | None = None
    """Why the newest preparation failed."""
    source_check: Attempt | None = None
    """The newest comparison of the sources with what the version was made from."""


class InstructionDataset(ApiModel):
    """Rows from object stores or from the manifest itself, made into an immutable version that SFTJobs train on."""

    model_config = ConfigDict(json_schema_extra=with_rules(OBJECT_NAME_RULE, RUN_NEVER_FALLS_RULE))

    spec: InstructionDatasetSpec
    """What the dataset is made of. A change makes a new version."""
    status: InstructionDatasetStatus = InstructionDatasetStatus()
    """What the operator found and did."""
