"""`prepare`: sources in, one published version of a dataset out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sft_trainer.contract.clean import CleanSettings
from sft_trainer.contract.dedupe import ContaminationSettings, DedupeSettings
from sft_trainer.contract.export import ExportShape
from sft_trainer.contract.features import FeatureSettings
from sft_trainer.contract.source import DomainLimit, NetworkSettings, Source
from sft_trainer.contract.wire import CONTRACT_VERSION, ContractModel, ObjectRef, StorePrefix

MAX_EVAL_PERCENT = 50
"""More rows to measure on than to train on are a mistake."""


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
    evaluation_sources: list[Source] = []
    """Rows that models will be evaluated with: what repeats them is not published."""
    contamination: ContaminationSettings = ContaminationSettings()
    clean: CleanSettings = CleanSettings()
    dedupe: DedupeSettings = DedupeSettings()
    domains: list[DomainLimit] = []
    features: FeatureSettings = FeatureSettings()
    exports: list[ExportShape] = []
    network: NetworkSettings = NetworkSettings()
    eval_percent: int = Field(ge=0, le=MAX_EVAL_PERCENT)
    gates: Gates
    versions: StorePrefix
    """Folder `<output>/<namespace>/datasets/<name>/`, in which the version `<digest>/` is published, and beside it
    `exports/<digest>/<shape>/`."""
    run: StorePrefix
    """Folder `.../datasets/<name>/runs/<uid8>-g<generation>-r<run>/` for rejects, report.json and exit records."""


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
    tokens: int | None = None
    """Of all rows, rendered for the model that features.model names; none without one."""
    trained_tokens: int | None = None
    """Those of them that carry loss."""
    exports_uri: str | None = None
    """Folder with the same rows in the shapes that were asked for, one folder each."""
    accounting: Accounting
    report_uri: str
    rejects: list[RejectedRow]
    """The first few; all of them stand in rejects/."""


class PinnedDataset(ContractModel):
    """A dataset version: its folder holds a MANIFEST.json whose dataset digest is `digest`."""

    name: str
    digest: str
    store: StorePrefix
