"""Where rows come from: one of an object store, a URL, a Hugging Face repository, a mounted folder, the manifest, the catalog."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from sft_trainer.contract.wire import ContractModel, StorePrefix

MAX_OBJECTS = 10_000
"""As many files as one pod can read at 10 ms of overhead each in under two minutes; a larger listing is most likely a slip."""
MAX_BYTES = 100 << 30
"""About 100 million instruction rows: fifty times what one pod is built for, so that only a wrong folder exceeds it."""
Glob = Annotated[str, Field(min_length=1, max_length=256)]
"""`*` and `?` stay inside a folder, `**` crosses folders."""


class RowFormat(StrEnum):
    """The shape of a source's rows."""

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


Column = Annotated[str, Field(min_length=1, max_length=128)]


class FieldMap(ContractModel):
    """Which column of a source means what: either `messages`, or `prompt` and `response` with what stands beside them."""

    messages: Column | None = None
    prompt: Column | None = None
    response: Column | None = None
    input: Column | None = None
    system: Column | None = None
    history: Column | None = None

    @model_validator(mode="after")
    def _turns_or_a_pair(self) -> Self:
        has_pair = self.prompt is not None and self.response is not None
        if (self.messages is not None) == has_pair or (self.prompt is None) != (self.response is None):
            raise ValueError("fieldMap must name either messages, or prompt and response")
        return self


class StoreSource(StorePrefix):
    """An object, or the data files below a folder of an object store."""

    files: Glob | None = None
    """Which objects below the folder `uri`, relative to it; none means every data file."""
    max_objects: int = Field(default=MAX_OBJECTS, ge=1, le=1_000_000)
    max_bytes: int = Field(default=MAX_BYTES, ge=1)

    @model_validator(mode="after")
    def _a_pattern_needs_a_folder(self) -> Self:
        if self.files is not None and not self.uri.endswith("/"):
            raise ValueError("with `files`, `uri` must be a folder: let it end in a slash")
        return self


class HttpSource(ContractModel):
    """One file behind a URL, pinned by its checksum."""

    url: str = Field(max_length=2048)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """What a URL gives may change from one day to the next; a dataset must not."""
    max_bytes: int = Field(default=MAX_BYTES, ge=1)
    authorization_path: str | None = None
    """File with the value of the Authorization header; it is sent to the URL's own host only."""


class HuggingFaceSource(ContractModel):
    """Files of a dataset repository on a Hugging Face hub."""

    repository: str = Field(pattern=r"^[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?$")
    revision: str = Field(default="main", pattern=r"^[A-Za-z0-9][\w./-]{0,199}$")
    """Branch, tag or commit; a run reads the commit that it is resolved to when the run begins."""
    files: Glob | None = None
    endpoint: str = "https://huggingface.co"
    """The hub, or a mirror that speaks its API."""
    max_objects: int = Field(default=MAX_OBJECTS, ge=1, le=1_000_000)
    max_bytes: int = Field(default=MAX_BYTES, ge=1)
    token_path: str | None = None
    """File with an access token; it is sent to the endpoint only."""


class MountedSource(ContractModel):
    """Files of a mounted folder: a ConfigMap's."""

    path: str = Field(pattern="^/")
    max_bytes: int = Field(default=16 << 20, ge=1)
    """A ConfigMap holds at most 1 MiB."""


class CatalogSource(ContractModel):
    """A well-known open dataset, by its name in the catalog."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9.-]{0,62}$")
    revision: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][\w./-]{0,199}$")
    token_path: str | None = None


class NetworkSettings(ContractModel):
    """What the platform team decides of the network."""

    allowed_private_hosts: frozenset[str] = frozenset()
    """Mirrors inside the cluster or company. Every other private address is refused."""
    hub_endpoint: str = "https://huggingface.co"
    """The hub that catalog sources are read from."""


def _no_row_twice(percent: object) -> object:
    if isinstance(percent, int) and percent > MAX_PERCENT:
        raise ValueError(
            f"must be 1 to {MAX_PERCENT}: a version holds each row once, so no source can weigh more than all its rows; "
            "let the others give less of theirs instead"
        )
    return percent


MAX_PERCENT = 100
SamplePercent = Annotated[int, Field(ge=1, le=MAX_PERCENT), BeforeValidator(_no_row_twice)]
"""Which share of the rows is kept. What other tools take for a weight above 1 would be copies (docs/design/0008)."""

LOCATIONS = ("store", "http", "hugging_face", "mounted", "inline", "catalog")


class Source(ContractModel):
    """One source of rows: exactly one of the places, and what its owner declares of it."""

    name: str
    store: StoreSource | None = None
    http: HttpSource | None = None
    hugging_face: HuggingFaceSource | None = None
    mounted: MountedSource | None = None
    inline: str | None = None
    """The rows themselves, one JSON object a line."""
    catalog: CatalogSource | None = None
    format: RowFormat = RowFormat.AUTO
    field_map: FieldMap | None = None
    license: str | None = Field(default=None, max_length=200)
    """As its owner declares it: an SPDX identifier, or other words."""
    language: str | None = None
    domain: str | None = Field(default=None, max_length=63)
    """Declared, never guessed."""
    sample_percent: SamplePercent = 100
    """How much of it is kept, chosen by the rows' hashes."""
    max_rows: int | None = Field(default=None, ge=1)
    """At most so many kept rows; none means all."""

    @model_validator(mode="after")
    def _exactly_one_place(self) -> Self:
        given = [place for place in LOCATIONS if getattr(self, place) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"source '{self.name}' must have exactly one of {', '.join(LOCATIONS)}; it has {found}")
        return self


class DomainLimit(ContractModel):
    """How much is kept of all sources of one declared domain."""

    domain: str
    sample_percent: SamplePercent = 100
    max_rows: int | None = Field(default=None, ge=1)
