"""The gates of a dataset: what must hold of its rows before a version is published."""

from __future__ import annotations

from sft_trainer.contract import Accounting, Gates, Reason
from sft_trainer.data.digest import EVAL, TRAIN
from sft_trainer.data.ledger import NO_FAULT, Ledger
from sft_trainer.data.masked_message import masked_message
from sft_trainer.data.normalise import UNKNOWN_SHAPE
from sft_trainer.data.shapes.beside import NOT_USED
from sft_trainer.data.source_columns import ColumnsOfSources
from sft_trainer.data.split import Splits
from sft_trainer.failure import TrainerFailure, invalid

SHOWN_REASONS = 4
SHOWN_COLUMNS = 12
NO_COLUMNS: ColumnsOfSources = {}
_LOOK = "look at the rejected rows beside the report, mend the source and raise spec.run"


class DatasetRejected(Exception):
    """A gate did not open; the accounting says why."""

    def __init__(self, failure: TrainerFailure, ledger: Ledger) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.ledger = ledger
        self.report_uri: str | None = None
        """Where its report lies, once it does."""


def check_gates(gates: Gates, ledger: Ledger, columns: ColumnsOfSources = NO_COLUMNS) -> None:
    """Raises DatasetRejected(NoRowsKept, TooManyRejected, TooFewRows, SourceUnreadable for columns that may be meant)."""
    accounting = ledger.accounting()
    faulty = faulty_rows(accounting)
    if accounting.kept == 0:
        message = f"none of {accounting.read} rows can be used: {_why(ledger)}"
        failure = invalid(Reason.NO_ROWS_KEPT, message, _remedy(accounting, columns))
    elif 100 * faulty > gates.max_reject_percent * accounting.read:
        found = f"{faulty} of {accounting.read} rows ({100 * faulty / accounting.read:.1f} %) were rejected"
        message = f"{found}, gates.maxRejectPercent is {gates.max_reject_percent}: {_why(ledger)}"
        failure = invalid(
            Reason.TOO_MANY_REJECTED, message, f"{_remedy(accounting, columns)}, or raise spec.gates.maxRejectPercent"
        )
    elif unclear := _unclear(columns):
        failure = invalid(Reason.SOURCE_UNREADABLE, unclear, _name_them(columns))
    elif accounting.kept < gates.min_rows:
        message = f"{accounting.kept} rows were kept, gates.minRows is {gates.min_rows}: {_why(ledger)}"
        failure = invalid(Reason.TOO_FEW_ROWS, message, "add rows and raise spec.run, or lower spec.gates.minRows")
    else:
        return
    raise DatasetRejected(failure, ledger)


def check_split(splits: Splits, eval_percent: int, ledger: Ledger) -> None:
    """Raises DatasetRejected when no row is left to train on: each falls on its side by its own hash."""
    if not splits[TRAIN]:
        message = (
            f"all {len(splits[EVAL])} rows kept fall on the side that split.evalPercent ({eval_percent}) keeps for evaluation"
        )
        failure = invalid(Reason.TOO_FEW_ROWS, message, "set spec.split.evalPercent to 0, or add rows")
        raise DatasetRejected(failure, ledger)


def faulty_rows(accounting: Accounting) -> int:
    """Rejected rows without the duplicates, which are no error of the data."""
    return sum(count for reason, count in accounting.rejected.items() if reason not in NO_FAULT)


def _unclear(columns: ColumnsOfSources) -> str:
    """Columns of which it cannot be told whether rows mean something else without them; empty where all is clear."""
    found = []
    for source, of_source in columns.items():
        if unclear := of_source.unclear():
            names = ", ".join(f"{use.name} ({use.why})" for use in unclear[:SHOWN_COLUMNS])
            found.append(f"source '{source}' has columns beside question and answer that may belong to what is asked: {names}")
    return masked_message("; ".join(found))


def _name_them(columns: ColumnsOfSources) -> str:
    maps = [
        f"fieldMap: {of_source.mapping()} in source '{source}'" for source, of_source in columns.items() if of_source.unclear()
    ]
    return masked_message(
        f"say which columns are meant: {', '.join(maps)} (what a map does not name is left out), or give the source's format, "
        "which leaves out all that it does not know; then raise spec.run"
    )


def _remedy(accounting: Accounting, columns: ColumnsOfSources) -> str:
    """Rows of an unknown shape are mended in the manifest."""
    if 2 * accounting.rejected.get(UNKNOWN_SHAPE, 0) > faulty_rows(accounting):
        return "name the columns of the source that hold prompt and response in its fieldMap"
    if 2 * accounting.rejected.get(NOT_USED, 0) > faulty_rows(accounting):
        if unclear := _unclear(columns):
            return f"{unclear}; {_name_them(columns)}"
        return (
            "rows have columns beside question and answer that may belong to what is asked: name those that are meant in the "
            "source's fieldMap (prompt, input, response), or give its format, which leaves the others out"
        )
    return _LOOK


def _why(ledger: Ledger) -> str:
    by_count = sorted(ledger.accounting().rejected.items(), key=lambda item: (-item[1], item[0]))
    reasons = ", ".join(f"{count} {reason}" for reason, count in by_count[:SHOWN_REASONS])
    first = ledger.first[0] if ledger.first else None
    where = f"; the first is {first.source}, {first.file} line {first.line} ({first.reason})" if first else ""
    return f"{reasons or 'none was rejected'}{where}"
