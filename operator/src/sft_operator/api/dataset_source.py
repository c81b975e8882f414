"""Where the rows of an InstructionDataset come from, and what their fields mean."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from sft_operator.api.api_model import ApiModel, SecretName, SourceName, cel, text, with_rules
from sft_operator.api.object_location import NEEDS_SECRET_RULE, S3Location
from sft_trainer.contract.source import MAX_BYTES, MAX_OBJECTS

GLOB_RULE = cel("!self.startsWith('/')", "must be relative to the folder: without a slash at its beginning", found="self")
FileGlob = Annotated[
    str,
    text(r"^[^\x00-\x1f\\]+$", "must be a pattern such as '**/*.jsonl'", GLOB_RULE, max_length=256),
]
"""`*` and `?` stay inside a folder, `**` crosses folders."""
MaxObjects = Annotated[int, Field(ge=1, le=1_000_000)]
MaxBytes = Annotated[int, Field(ge=1, le=1 << 50, json_schema_extra={"format": "int64"})]
Column = Annotated[str, Field(min_length=1, max_length=128)]


class RowFormat(StrEnum):
    """The shape of a source's rows; Auto looks at each row's own keys."""

    AUTO = "Auto"
    ALPACA = "Alpaca"
    MESSAGES = "Messages"
    SHARE_GPT = "ShareGPT"
    PROMPT_COMPLETION = "PromptCompletion"
    QUESTION_ANSWER = "QuestionAnswer"
    INPUT_OUTPUT = "InputOutput"
    PAIR_TURNS = "PairTurns"
    MOSS = "MOSS"
    SEED_TASKS = "SeedTasks"


class FieldMap(ApiModel):
    """Which column of a source means what, for rows of a shape that nobody knows: `messages`, or `prompt` and `response`."""

    model_config = ConfigDict(
        json_schema_extra=with_rules(
            cel(
                "has(self.messages) ? !(has(self.prompt) || has(self.response) || has(self.input) || has(self.history))"
                " : has(self.prompt) && has(self.response)",
                "fieldMap must name either messages, or prompt and response with what stands beside them",
            )
        )
    )

    messages: Column | None = None
    """Column with the list of turns."""
    prompt: Column | None = None
    """Column with what is asked."""
    response: Column | None = None
    """Column with the answer."""
    input: Column | None = None
    """Column with what the prompt is about."""
    system: Column | None = None
    """Column with the system prompt."""
    history: Column | None = None
    """Column with earlier turns."""


class S3Source(S3Location):
    """An object, or the data files below a folder: JSON lines, JSON, CSV, xlsx or parquet, packed or not."""

    model_config = ConfigDict(
        json_schema_extra=with_rules(
            NEEDS_SECRET_RULE,
            cel("!has(self.files) || self.uri.endsWith('/')", "with files, uri must be a folder: it ends in a slash", ".uri"),
        )
    )

    files: FileGlob | None = None
    """Which objects below the folder, for example `**/*.jsonl`; every data file when absent."""
    max_objects: MaxObjects = MAX_OBJECTS
    """Objects it may be, at most; more are an error before any is read."""
    max_bytes: MaxBytes = MAX_BYTES
    """Bytes they may have in all, as they lie there."""


class HTTPSource(ApiModel):
    """One file behind a URL, pinned by its checksum."""

    url: Annotated[
        str,
        text(
            r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s#]*)?$",
            "must be http:// or https://, a host and a path, without a name or password in it",
            max_length=2048,
        ),
    ]
    """URL of the file. Private addresses are refused unless the profile allows their host."""
    sha256: Annotated[str, text(r"^[0-9a-f]{64}$", "must be 64 lower-case hexadecimal digits", max_length=64)]
    """Checksum of the file: what a URL gives may change from one day to the next, a dataset must not."""
    secret_name: SecretName | None = None
    """Secret in this namespace with the key `authorization`, sent as that header to the URL's own host."""
    max_bytes: MaxBytes = MAX_BYTES
    """Bytes it may have, at most."""


REPOSITORY = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,95})?$"
Revision = Annotated[
    str,
    text(r"^[A-Za-z0-9][A-Za-z0-9_./-]{0,199}$", "must be a branch, tag or commit", max_length=200),
]


class HuggingFaceSource(ApiModel):
    """Files of a dataset repository on the hub that the profile names."""

    repository: Annotated[str, text(REPOSITORY, "must be owner/name, as the hub spells it", max_length=193)]
    """Name of the repository, for example `tatsu-lab/alpaca`."""
    revision: Revision = "main"
    """Branch, tag or commit. A preparation reads the commit that it names when the preparation begins."""
    files: FileGlob | None = None
    """Which files of the repository, for example `data/*.parquet`; every data file when absent."""
    secret_name: SecretName | None = None
    """Secret in this namespace with the key `HF_TOKEN`, for a repository that is not open; sent to the hub only."""
    max_objects: MaxObjects = MAX_OBJECTS
    """Files it may be, at most."""
    max_bytes: MaxBytes = MAX_BYTES
    """Bytes they may have in all."""


class CatalogSource(ApiModel):
    """A well-known open instruction set, by its name in docs/catalog.md: where it is and what its fields mean is known."""

    name: Annotated[str, text(r"^[a-z0-9][a-z0-9.-]*$", "must be a name of docs/catalog.md", max_length=63)]
    """Name in the catalog, for example `alpaca-gpt4-zh`."""
    revision: Revision = "main"
    """Branch, tag or commit."""
    secret_name: SecretName | None = None
    """Secret in this namespace with the key `HF_TOKEN`, for a set whose terms must be accepted first."""


class ConfigMapSource(ApiModel):
    """The keys of a ConfigMap in this namespace, each a file."""

    name: Annotated[str, text(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "must be the name of a ConfigMap", max_length=253)]
    """Name of the ConfigMap."""


class InlineRows(ApiModel):
    """Rows written into the manifest itself: for a handful, up to 65,536 characters."""

    jsonl: Annotated[str, Field(min_length=1, max_length=65536)]
    """One JSON object a line."""


def exactly_one_of(*places: str) -> dict[str, Any]:
    """The rule of a source. Sums, not lists: the API server takes the cost of a list's text for endless."""
    count = " + ".join(f"(has(self.{place}) ? 1 : 0)" for place in places)
    given = " + ".join(f"(has(self.{place}) ? '{place} ' : '')" for place in places)
    return cel(
        f"{count} == 1",
        f"exactly one of {', '.join(places)} must be given",
        found=f"({count} == 0 ? 'none ' : {given}) + 'in source ' + self.name",
    )


class RowSource(ApiModel):
    """Where rows come from: exactly one place, and what their fields mean."""

    model_config = ConfigDict(json_schema_extra=with_rules(exactly_one_of("s3", "huggingFace", "configMap", "inline")))

    name: SourceName
    """Names the source in reports; duplicates keep the row of the least source name."""
    s3: S3Source | None = None
    """Objects of an S3 store."""
    hugging_face: HuggingFaceSource | None = None
    """Files of a dataset repository on a Hugging Face hub."""
    config_map: ConfigMapSource | None = None
    """The keys of a ConfigMap."""
    inline: InlineRows | None = None
    """Rows written here."""
    format: RowFormat = RowFormat.AUTO
    """Shape of the rows, where their own keys do not tell it: see docs/datasets.md."""
    field_map: FieldMap | None = None
    """Which column means what; wins over `format`."""


class DatasetSource(RowSource):
    """A source of a dataset: where its rows come from, what its owner declares of them, and how much is taken."""

    model_config = ConfigDict(
        json_schema_extra=with_rules(exactly_one_of("s3", "http", "huggingFace", "catalog", "configMap", "inline"))
    )

    http: HTTPSource | None = None
    """One file behind a URL."""
    catalog: CatalogSource | None = None
    """A well-known open instruction set."""
    license: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """Licence of the rows, best as SPDX identifier (Apache-2.0, CC-BY-NC-4.0); the card of a version names the strictest."""
    language: Annotated[str, Field(min_length=1, max_length=35)] | None = None
    """Language of the rows as a BCP 47 tag (en, zh), for the card."""
    domain: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """What the rows are about (medical, legal, finance), for card, report and the limits of `domains`."""
    sample_percent: Annotated[int, Field(ge=1, le=100)] = 100
    """How much of what is left after cleaning is kept, chosen by the rows' hashes: the same rows on every run."""
    max_rows: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """Rows kept of this source, at most; no limit when absent."""


class DomainLimit(ApiModel):
    """How much is kept of all the sources of one domain, after what each of them may give."""

    domain: Annotated[str, Field(min_length=1, max_length=63)]
    """The domain, as sources declare it."""
    sample_percent: Annotated[int, Field(ge=1, le=100)] = 100
    """How much of it is kept."""
    max_rows: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """Rows kept of it, at most; no limit when absent."""
