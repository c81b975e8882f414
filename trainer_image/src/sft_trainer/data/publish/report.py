"""What happened to every row, as one value: report.json is this as JSON, report.html is this as a page."""

from __future__ import annotations

from pydantic import Field

from sft_trainer.contract.prepare import Accounting
from sft_trainer.contract.wire import ContractModel
from sft_trainer.data.features.dataset_features import DatasetFeatures
from sft_trainer.data.publish.licence import LicenceSummary


class Detection(ContractModel):
    """What one file was taken for, and why."""

    file: str
    identity: str = ""
    """What the place it came from knows its content by: another one means that it has changed."""
    container: str = ""
    encoding: str = ""
    layout: str = ""
    shape: str = ""
    evidence: list[str] = Field(default_factory=list)


class ColumnReport(ContractModel):
    """One column of a source: whether rows were made of it, and why not."""

    name: str
    rows: int
    is_used: bool
    why: str = ""


class SourceReport(ContractModel):
    """One source: what it is, and what became of its rows."""

    name: str
    location: str | None = None
    revision: str | None = None
    licence: str | None = None
    language: str | None = None
    domain: str | None = None
    accounting: Accounting
    detections: list[Detection] = Field(default_factory=list)
    columns: list[ColumnReport] = Field(default_factory=list)
    changes: dict[str, int] = Field(default_factory=dict)
    """Rows by what cleaning changed in them."""


class EvaluationReport(ContractModel):
    """What models will be evaluated with: rows read, and those that there was text in to compare with."""

    name: str
    accounting: Accounting


class SampleTurn(ContractModel):
    """One turn of a shown row."""

    role: str
    content: str
    is_learned: bool = False


class RowPlace(ContractModel):
    """Where a row was read."""

    source: str
    file: str
    line: int


class KeptSample(ContractModel):
    """A row as it was published."""

    place: RowPlace
    split: str
    turns: list[SampleTurn]


class ChangedSample(ContractModel):
    """A row before and after cleaning."""

    place: RowPlace
    changes: list[str]
    before: str
    after: str


class RejectedSample(ContractModel):
    """A row that was not kept."""

    place: RowPlace
    reason: str
    text: str


class Report(ContractModel):
    """One run of `prepare`. Texts of rows are masked by whoever fills this in."""

    dataset: str
    digest: str | None = None
    """None when no version was published."""
    refusal: str | None = None
    """Why none was."""
    rows: dict[str, int] = Field(default_factory=dict)
    """Published rows by split."""
    total: Accounting
    sources: list[SourceReport]
    evaluation: list[EvaluationReport] = Field(default_factory=list)
    licence: LicenceSummary | None = None
    features: DatasetFeatures | None = None
    kept_samples: list[KeptSample] = Field(default_factory=list)
    changed_samples: list[ChangedSample] = Field(default_factory=list)
    rejected_samples: list[RejectedSample] = Field(default_factory=list)
