"""The report of one preparation, also of one that is refused: report.json, report.html and the rejected rows."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from pathlib import Path

from sft_trainer.contract import PrepareConfig, Source
from sft_trainer.data.digest import TRAIN
from sft_trainer.data.features.dataset_features import DatasetFeatures
from sft_trainer.data.features.features import Features
from sft_trainer.data.features.target_model import PROBED_ROWS, TargetModel
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.masked_message import masked_message
from sft_trainer.data.publish.licence import summarise
from sft_trainer.data.publish.report import (
    ChangedSample,
    ColumnReport,
    Detection,
    EvaluationReport,
    KeptSample,
    RejectedSample,
    Report,
    RowPlace,
    SampleTurn,
    SourceReport,
)
from sft_trainer.data.publish.report_page import report_page
from sft_trainer.data.row_columns import content_of
from sft_trainer.data.rows import Content, Origin
from sft_trainer.data.selection import Selection
from sft_trainer.data.sources import ReadFile, location_of
from sft_trainer.data.split import Splits
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.object_store import open_store

KEPT_SAMPLES = 5
"""Published rows that are shown whole: enough to see whether questions and answers are where they belong."""
UNDECLARED = "not declared"


def measure(config: PrepareConfig, rows: KeptRows, splits: Splits, target: TargetModel | None) -> DatasetFeatures:
    """Figures of the rows of a version. Raises TrainerFailure when the target model's template cannot render one."""
    domains = {source.name: source.domain or UNDECLARED for source in config.sources}
    counter = target.counter(_probes(rows, splits)) if target else None
    features = Features(config.features, counter, target.description.template if target else None)
    for split, numbers in splits.items():
        for number in numbers:
            features.add(content_of(rows.document(number)), split, domains[rows.source(number)])
    return features.result()


def _probes(rows: KeptRows, splits: Splits) -> Iterator[str]:
    """The texts of a few rows, which their hashes choose."""
    for numbers in splits.values():
        for number in heapq.nsmallest(PROBED_ROWS, numbers, key=rows.hashes.__getitem__):
            yield from (message.content for message in content_of(rows.document(number)).messages)


def report_of(config: PrepareConfig, ledger: Ledger, selection: Selection) -> Report:
    """What became of the rows read."""
    return Report(
        dataset=config.owner.name,
        total=ledger.accounting(),
        sources=[_source_report(source, ledger, selection) for source in sorted(config.sources, key=lambda source: source.name)],
        evaluation=[EvaluationReport(name=name, accounting=found) for name, found in sorted(selection.evaluation.items())],
        licence=summarise((source.name, source.license) for source in config.sources if ledger.accounting(source.name).kept),
        changed_samples=[
            ChangedSample(place=_place(row.origin), changes=list(row.changes), before=row.before, after=row.after)
            for row in selection.changes.samples
        ],
        rejected_samples=[
            RejectedSample(place=_place(row.origin), reason=row.reason, text=row.text)
            for reason in sorted(ledger.samples)
            for row in ledger.samples[reason]
        ],
    )


def of_refusal(report: Report, failure: TrainerFailure) -> Report:
    """The same, of rows that did not pass a gate."""
    return report.model_copy(update={"refusal": f"{failure.reason}: {failure.message}"})


def of_version(report: Report, digest: str, rows: KeptRows, splits: Splits, features: DatasetFeatures) -> Report:
    """The same, of a version that is published."""
    shown = sorted(splits[TRAIN], key=rows.hashes.__getitem__)[:KEPT_SAMPLES]
    changes = {
        "digest": digest,
        "rows": {split: len(numbers) for split, numbers in splits.items()},
        "features": features,
        "kept_samples": [
            KeptSample(place=_place(rows.origin(number)), split=TRAIN, turns=_turns(content_of(rows.document(number))))
            for number in shown
        ],
    }
    return report.model_copy(update=changes)


def publish_report(config: PrepareConfig, report: Report, folder: Path) -> str:
    """Writes report.json and report.html beside the rejected rows, and uploads all of it; returns the page's URI."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(report.model_dump_json(by_alias=True, exclude_none=True, indent=2))
    (folder / "report.html").write_text(report_page(report))
    store = open_store(config.run)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        store.upload(path, path.relative_to(folder).as_posix())
    return f"{store.uri}report.html"


def _source_report(source: Source, ledger: Ledger, selection: Selection) -> SourceReport:
    files, changes = selection.files[source.name], selection.changes.counts[source.name]
    revisions = sorted({file.revision for file, _ in files if file.revision})
    return SourceReport(
        name=source.name,
        location=location_of(source),
        revision=", ".join(revisions) or None,
        licence=source.license,
        language=source.language,
        domain=source.domain,
        accounting=ledger.accounting(source.name),
        columns=[
            ColumnReport(name=masked_message(use.name), rows=use.rows, is_used=use.is_used, why=use.why)
            for use in selection.columns[source.name].uses()
        ],
        changes=dict(sorted(changes.items())),
        detections=[_detection(file, shape) for file, shape in files],
    )


def _detection(file: ReadFile, shape: str) -> Detection:
    form = file.form
    return Detection(
        file=file.key,
        identity=file.identity,
        container=form.container.value,
        encoding=form.encoding_name,
        layout=form.layout.value if form.layout else "",
        shape=shape,
        evidence=list(form.evidence),
    )


def _place(origin: Origin) -> RowPlace:
    return RowPlace(**origin._asdict())


def _turns(content: Content) -> list[SampleTurn]:
    return [
        SampleTurn(role=message.role, content=message.content, is_learned=message.role == "assistant" and message.train)
        for message in content.messages
    ]
