"""The flow of a `prepare` pod: sources -> rows -> checks -> version. Rows are held in memory, some three times their text."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from sft_trainer.contract import PrepareConfig, PrepareResult, Source
from sft_trainer.data.dedupe import UniqueRows
from sft_trainer.data.digest import row_hash
from sft_trainer.data.gates import check_gates
from sft_trainer.data.ledger import DUPLICATE, Ledger
from sft_trainer.data.parse import parse_line
from sft_trainer.data.readability import Readability
from sft_trainer.data.rows import Origin, RowRejected
from sft_trainer.data.sources import Line, read_lines
from sft_trainer.data.version import publish_version, write_version
from sft_trainer.store.object_store import open_store


def prepare(config: PrepareConfig, scratch: Path) -> PrepareResult:
    """Publishes one version; raises TrainerFailure, or DatasetRejected when the rows do not pass the gates."""
    unique = UniqueRows()
    with closing(Ledger(scratch / "run" / "rejects")) as ledger:
        for source in sorted(config.sources, key=lambda source: source.name):
            _read_source(source, ledger, unique, scratch)
    ledger.check(kept=len(unique.rows))
    report_uri = _write_report(config, ledger, scratch / "run")
    check_gates(config.gates, ledger)
    version = write_version(scratch / "version", unique.rows, config.eval_percent, config.owner.name)
    store = open_store(config.versions)
    manifest = publish_version(store, scratch / "version", version)
    return PrepareResult(
        digest=version.digest,
        uri=f"{store.uri}{version.digest}/",
        train_rows=version.train_rows,
        eval_rows=version.eval_rows,
        bytes=manifest.total_bytes,
        accounting=ledger.accounting(),
        report_uri=report_uri,
        rejects=ledger.first,
    )


def _read_source(source: Source, ledger: Ledger, unique: UniqueRows, scratch: Path) -> None:
    readability = Readability(source)
    for line in read_lines(source, scratch):
        ledger.count_read(source.name)
        readability.note(line, _take(line, source, ledger, unique))
    readability.finish()


def _take(line: Line, source: Source, ledger: Ledger, unique: UniqueRows) -> str | None:
    """Keeps one line's row, or writes down why not; returns the reason."""
    origin = Origin(source.name, line.file, line.number)
    try:
        row = parse_line(line, source.name, source.format)
    except RowRejected as rejection:
        ledger.reject(origin, rejection.reason, line.data)
        return rejection.reason
    dropped = unique.add(row_hash(row), row)
    if dropped is not None:
        ledger.reject(dropped, DUPLICATE, line.data)
        return DUPLICATE
    return None


def _write_report(config: PrepareConfig, ledger: Ledger, folder: Path) -> str:
    """report.json and the rejected rows, also of a dataset that is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = {name: ledger.accounting(name).model_dump() for name in sorted(ledger.read)}
    report = {"dataset": config.owner.name, "total": ledger.accounting().model_dump(), "sources": sources}
    (folder / "report.json").write_text(json.dumps(report, indent=2))
    store = open_store(config.run)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        store.upload(path, path.relative_to(folder).as_posix())
    return f"{store.uri}report.json"
