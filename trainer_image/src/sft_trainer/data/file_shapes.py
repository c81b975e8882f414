"""Which shapes the rows of each file have; a file whose first rows have none is refused at once, by the names they do have."""

from __future__ import annotations

from collections import Counter

import orjson

from sft_trainer.contract import Reason, RowFormat
from sft_trainer.data.detection.lines import Line
from sft_trainer.data.masked_message import masked_message
from sft_trainer.data.normalise import TEXT_WITHOUT_TURNS, UNKNOWN_SHAPE, left_out_names
from sft_trainer.data.shapes.beside import NOT_USED, PREFERENCE_ROW
from sft_trainer.data.shapes.suggestion import suggestion
from sft_trainer.failure import TrainerFailure, invalid

ROWS_TO_JUDGE = 20
"""When none of a file's first rows has a shape, none is expected to follow; a shorter file's rows are rejected one by one."""
SHOWN_NAMES = 12
NO_SHAPE = {
    UNKNOWN_SHAPE: (
        "are of no shape that is known",
        "say which is which in the source's fieldMap, for example {mapping}",
    ),
    NOT_USED: (
        "have columns beside question and answer of which nobody says what they are: {left_out}",
        "name them in the source's fieldMap, for example {mapping}; one that the map does not name is left out",
    ),
    PREFERENCE_ROW: (
        "are preferences or judged answers, of which fine-tuning on demonstrations learns nothing",
        "keep the good answers only, and say which is which in the source's fieldMap: {mapping}",
    ),
    TEXT_WITHOUT_TURNS: (
        "are plain text without question and answer",
        "split the text into prompt and completion, one row each",
    ),
}


class FileShapes:
    """Counts the shapes of each file."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._counts: dict[str, Counter[str]] = {}

    def note(self, line: Line, shape: RowFormat) -> None:
        """A row that was understood."""
        self._of(line.file)[shape.value] += 1

    def note_rejected(self, line: Line, reason: str) -> None:
        """A row that was not; raises TrainerFailure when no row of the file is of a known shape."""
        if reason not in NO_SHAPE:
            return
        counts = self._of(line.file)
        counts[reason] += 1
        if counts.total() == ROWS_TO_JUDGE == counts[reason]:
            raise self._unknown(line, reason)

    def _of(self, file: str) -> Counter[str]:
        if file not in self._counts:
            self._counts[file] = Counter()
        return self._counts[file]

    def shape_of(self, file: str) -> str:
        """For the report: the one shape, or the shares of several."""
        shapes = Counter({shape: count for shape, count in self._of(file).items() if shape not in NO_SHAPE})
        if len(shapes) < 2:
            return next(iter(shapes), "")
        return ", ".join(f"{shape} {100 * count / shapes.total():.1f} %" for shape, count in shapes.most_common())

    def _unknown(self, line: Line, reason: str) -> TrainerFailure:
        parsed = orjson.loads(line.data)
        row = parsed if isinstance(parsed, dict) else {}
        found, remedy = NO_SHAPE[reason]
        shown = ", ".join(list(row)[:SHOWN_NAMES])
        told = found.format(left_out=", ".join(left_out_names(row)[:SHOWN_NAMES]))
        message = f"source '{self._source}': the first {ROWS_TO_JUDGE} rows of file {line.file} {told}; they have {shown}"
        mend = f"{remedy.format(mapping=suggestion(row))}; then raise spec.run"
        return invalid(Reason.SOURCE_UNREADABLE, masked_message(message), masked_message(mend))
