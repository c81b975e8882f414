"""Which shapes the rows of each file have; a file whose first rows have none is refused at once, by the names they do have."""

from __future__ import annotations

from collections import Counter

import orjson

from sft_trainer.contract import Reason, RowFormat
from sft_trainer.data.detection.lines import Line
from sft_trainer.data.normalise import PREFERENCE_ROW, TEXT_WITHOUT_TURNS, UNKNOWN_SHAPE
from sft_trainer.failure import TrainerFailure, invalid

ROWS_TO_JUDGE = 20
"""When none of a file's first rows has a shape, none is expected to follow; a shorter file's rows are rejected one by one."""
SHOWN_NAMES = 12
NO_SHAPE = {
    UNKNOWN_SHAPE: (
        "are of no shape that is known",
        "say which is which in the source's fieldMap, for example {{prompt: {first}, response: {last}}}",
    ),
    PREFERENCE_ROW: (
        "are preferences, of which fine-tuning on demonstrations learns nothing",
        "to learn from the chosen answers, name them in the source's fieldMap: {{prompt: {first}, response: chosen}}",
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
        row = orjson.loads(line.data)
        names = list(row) if isinstance(row, dict) else []
        found, remedy = NO_SHAPE[reason]
        shown = ", ".join(names[:SHOWN_NAMES])
        message = f"source '{self._source}': the first {ROWS_TO_JUDGE} rows of file {line.file} {found}; they have {shown}"
        first, last = (names[0], names[-1]) if names else ("PROMPT", "RESPONSE")
        return invalid(Reason.SOURCE_UNREADABLE, message, f"{remedy.format(first=first, last=last)}; then raise spec.run")
