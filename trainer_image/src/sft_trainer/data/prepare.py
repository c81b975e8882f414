"""The flow of a `prepare` pod: sources -> rows -> checks -> version. Rows are held in memory, about three times their text."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from sft_trainer.contract import Accounting, PrepareConfig, PrepareResult, Reason, Source
from sft_trainer.data.dedupe import UniqueRows
from sft_trainer.data.digest import row_hash
from sft_trainer.data.ledger import DUPLICATE, Ledger
from sft_trainer.data.parse import parse_line
from sft_trainer.data.rows import Origin, RowRejected
from sft_trainer.data.sources import Line, read_lines
from sft_trainer.data.version import publish_version, write_version
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.store.object_store import open_store

LINES_TO_JUDGE = 20
"""When none of a file's first lines is JSON, the file is something else, and saying so helps more than 20 rejects."""


class DatasetRejected(Exception):
    """A gate did not open; the accounting says why."""

    def __init__(self, failure: TrainerFailure, ledger: Ledger) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.ledger = ledger


def prepare(config: PrepareConfig, scratch: Path) -> PrepareResult:
    """Publishes one version; raises TrainerFailure, or DatasetRejected when the rows do not pass the gates."""
    ledger, unique = Ledger(scratch / "run" / "rejects"), UniqueRows()
    for source in sorted(config.sources, key=lambda source: source.name):
        _read_source(source, ledger, unique, scratch)
    ledger.close()
    report_uri = _write_report(config, ledger, scratch / "run")
    _check_gates(config, ledger)
    folder = scratch / "version"
    digest, counts = write_version(folder, unique.rows, config.eval_percent, config.owner.name)
    store = open_store(config.versions)
    manifest = publish_version(store, folder, digest, counts)
    return PrepareResult(
        digest=digest,
        uri=f"{store.uri}{digest}/",
        train_rows=counts["train"],
        eval_rows=counts["eval"],
        bytes=manifest.total_bytes,
        accounting=ledger.accounting(),
        report_uri=report_uri,
        rejects=ledger.first,
    )


def _read_source(source: Source, ledger: Ledger, unique: UniqueRows, scratch: Path) -> None:
    outcomes: Counter[tuple[str, bool]] = Counter()
    for line in read_lines(source, scratch):
        ledger.count_read(source.name)
        rejected = _take(line, source, ledger, unique)
        outcomes[line.file, rejected == "NotJson"] += 1
        if outcomes[line.file, True] == LINES_TO_JUDGE and not outcomes[line.file, False]:
            raise _not_jsonl(source, line)
    if not ledger.read[source.name]:
        raise invalid(Reason.SOURCE_EMPTY, f"source '{source.name}' has no rows, only blank lines", "add rows and raise spec.run")
    for file in {file for file, _ in outcomes}:
        if not outcomes[file, False]:
            raise _not_jsonl(source, Line(file, 1, None))


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


def _not_jsonl(source: Source, line: Line) -> TrainerFailure:
    where = f"{source.store.uri} ({line.file})" if source.store else f"source '{source.name}'"
    found = f"; its line {line.number} begins with {line.data[:40]!r}" if line.data else ""
    return invalid(
        Reason.SOURCE_UNREADABLE,
        f"{where} is not JSONL: none of its first lines is JSON{found}",
        "give one JSON object a line; raise spec.run after replacing the object",
    )


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


def _check_gates(config: PrepareConfig, ledger: Ledger) -> None:
    accounting, gates = ledger.accounting(), config.gates
    if accounting.kept == 0:
        failure = invalid(Reason.NO_ROWS_KEPT, f"none of {accounting.read} rows can be used: {_why(accounting, ledger)}", _LOOK)
    elif ledger.reject_percent() > gates.max_reject_percent:
        found = f"{ledger.reject_percent():.0f} % of {accounting.read} rows were rejected, gates.maxRejectPercent is"
        message = f"{found} {gates.max_reject_percent}: {_why(accounting, ledger)}"
        failure = invalid(Reason.TOO_MANY_REJECTED, message, f"{_LOOK}, or raise spec.gates.maxRejectPercent")
    elif accounting.kept < gates.min_rows:
        message = f"{accounting.kept} rows were kept, gates.minRows is {gates.min_rows}: {_why(accounting, ledger)}"
        failure = invalid(Reason.TOO_FEW_ROWS, message, "add rows and raise spec.run, or lower spec.gates.minRows")
    else:
        return
    raise DatasetRejected(failure, ledger)


_LOOK = "look at the rejected rows beside the report, mend the source and raise spec.run"


def _why(accounting: Accounting, ledger: Ledger) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(accounting.rejected.items(), key=lambda kv: -kv[1])[:4])
    first = f"; the first is {ledger.first[0].file} line {ledger.first[0].line}" if ledger.first else ""
    return f"{reasons or 'none was rejected'}{first}"
