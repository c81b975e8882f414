"""Tells a source that is no JSONL at all from one with some broken lines: the first is one message, not a thousand rejects."""

from __future__ import annotations

from collections import Counter

from sft_trainer.contract import Reason, Source
from sft_trainer.data.file_kind import looks_like
from sft_trainer.data.parse import NO_OBJECT
from sft_trainer.data.sources import Line
from sft_trainer.failure import TrainerFailure, invalid

LINES_TO_JUDGE = 20
"""When none of a file's first lines is a JSON object, the file is something else; a shorter one is judged with its source."""
SHOWN_BYTES = 40


class Readability:
    """Watches the lines of one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._first: dict[str, Line] = {}
        self._without_object: Counter[str] = Counter()
        self._with_object: set[str] = set()

    def note(self, line: Line, reason: str | None) -> None:
        """One line and why it was rejected; raises SourceUnreadable."""
        if reason not in NO_OBJECT:
            self._with_object.add(line.file)
            return
        self._first.setdefault(line.file, line)
        self._without_object[line.file] += 1
        if self._without_object[line.file] == LINES_TO_JUDGE and line.file not in self._with_object:
            raise self._unreadable(self._first[line.file])

    def finish(self) -> None:
        """After the last line; raises SourceUnreadable, SourceEmpty."""
        name = self._source.name
        if self._first and not self._with_object:
            raise self._unreadable(next(iter(self._first.values())))
        if not self._with_object:
            raise invalid(Reason.SOURCE_EMPTY, f"source '{name}' has no rows, only blank lines", "add rows and raise spec.run")

    def _unreadable(self, first: Line) -> TrainerFailure:
        kind, remedy = looks_like(first.data)
        guess = f"; it looks like {kind}" if kind else ""
        return invalid(
            Reason.SOURCE_UNREADABLE,
            f"source '{self._source.name}' is not JSONL: line {first.number} of {self._where(first)} is not a JSON object, "
            f"nor is any line after it that was read; it begins with {first.data[:SHOWN_BYTES]!r}{guess}",
            f"give one JSON object a line, in UTF-8{f': {remedy}' if remedy else ''}; then raise spec.run",
        )

    def _where(self, line: Line) -> str:
        if self._source.store is None:
            return "the inline rows"
        uri = self._source.store.uri
        return f"{uri}{line.file}" if uri.endswith("/") else uri
