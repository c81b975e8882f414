"""Which columns of a source were used and which left out, judged over all of its rows: neither their order nor files matter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import orjson

from sft_trainer.contract import FieldMap, RowFormat
from sft_trainer.data.normalise import WHOLE, Normalised, Reading, left_out_names
from sft_trainer.data.rows import Message
from sft_trainer.data.shapes.beside import Kind, is_nothing, is_number, is_said
from sft_trainer.data.shapes.field_map import named
from sft_trainer.data.shapes.fields import Document
from sft_trainer.data.shapes.suggestion import suggestion
from sft_trainer.data.tool_calls import TOOLS

MAX_VALUES = 50
"""Distinct values of a column that sorts rows; more are told from one another by nobody."""
ROWS_OF_VALUE = 20
"""Rows to each of them, on average."""
ASKED_PERCENT = 10
"""Of the rows with a value: when so many questions name the column, they are about it."""
STRAY_PERCENT = 1
"""Rows that alone have a column are rejected one by one; if they are more, the source has it, and is not read by halves."""
MAX_COLUMNS = 1_000
"""Names, and sets of names, that are told apart in one source."""
FURTHER = "(further columns)"
BY_NAME = "its name is about the row"


class ColumnUse(NamedTuple):
    """What became of one column of a source."""

    name: str
    rows: int
    """That have it."""
    is_used: bool
    why: str
    is_unclear: bool = False
    """Whether it may belong to what is asked."""


@dataclass(slots=True)
class _Values:
    """What a column holds, where its text is not in the question already."""

    kind: Kind
    filled: int = 0
    asked: int = 0
    distinct: set[str] = field(default_factory=set)

    def add(self, name: str, value: object, asked: str, turns: Sequence[Message]) -> None:
        """Of one row; `asked` is what it asks, in small letters."""
        if (is_nothing(value) and value is not False) or (self.kind is Kind.OTHER and not is_number(value)):
            return
        word, pattern = _mention(name)
        is_named = word in asked and pattern.search(asked) is not None
        is_looked_at = is_named or self.kind is not Kind.CLASS
        if is_looked_at and self.kind is not Kind.OTHER and isinstance(value, str) and is_said(value, turns):
            return
        self.filled += 1
        self.asked += is_named
        if self.kind is not Kind.CLASS and len(self.distinct) <= MAX_VALUES:
            self.distinct.add(str(value).strip().lower())

    def doubt(self) -> str | None:
        """Why rows cannot be read without it; None where they can."""
        if self.filled and 100 * self.asked >= ASKED_PERCENT * self.filled:
            return f"{self.asked} of {self.filled} questions name it"
        if not self.filled or self.kind is Kind.CLASS or self._sorts_rows():
            return None
        return f"{len(self.distinct)}{'+' if len(self.distinct) > MAX_VALUES else ''} different values in {self.filled} rows"

    def _sorts_rows(self) -> bool:
        different = len(self.distinct)
        return different <= MAX_VALUES and (self.filled >= ROWS_OF_VALUE * different or (different == 1 and self.filled > 1))


@lru_cache(maxsize=1_000)
def _mention(name: str) -> tuple[str, re.Pattern[str]]:
    """How a question speaks of a column: by the last word of its name, in either number."""
    word = re.split(r"[\W_]+", name.strip().lower().rstrip("_"))[-1]
    stem = word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
    stem = stem.removesuffix("ie").removesuffix("y") if len(stem) > 4 else stem
    return stem, re.compile(rf"(?<![a-z]){re.escape(stem)}(?:s|es|y|ies|ie)?(?![a-z])")


class SourceColumns:
    """Counts the columns of one source while its rows are read."""

    def __init__(self, row_format: RowFormat = RowFormat.AUTO, field_map: FieldMap | None = None) -> None:
        self._format = row_format
        self._given = frozenset(field_map.model_dump(exclude_none=True).values()) if field_map else None
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._readings: dict[tuple[str, ...], Reading] = {}
        self._values: dict[str, _Values] = {}
        self._refused: Counter[str] = Counter()
        self._rows = 0
        self._names: set[str] = set()
        self._example: Document | None = None

    def note(self, row: Normalised) -> None:
        """A row that was understood."""
        names = tuple(row.document)
        self._rows += 1
        reading = row.reading
        if names in self._seen or len(self._seen) < MAX_COLUMNS:
            self._seen[names] += 1
            self._readings.setdefault(names, reading)
            self._names.update(names)
        if reading.counted:
            self._count(row)

    def _count(self, row: Normalised) -> None:
        turns = row.content.messages
        asked = "\n".join(turn.content for turn in turns if turn.role != "assistant").lower()
        for name, kind in row.reading.counted:
            values = self._values.get(name)
            if values is None:
                values = self._of_new_column(name, kind)
            values.add(name, row.document[name], asked, turns)

    def _of_new_column(self, name: str, kind: Kind) -> _Values:
        """Rows that bring ever new names have values in place of names: together they are one column that is not known."""
        if len(self._values) >= MAX_COLUMNS:
            name, kind = FURTHER, Kind.SUBJECT
        return self._values.setdefault(name, _Values(kind))

    def note_not_used(self, line: bytes) -> None:
        """A row that was rejected for a column beside its turns."""
        document = orjson.loads(line)
        self._rows += 1
        if not isinstance(document, dict):
            return
        left_out = left_out_names(document)
        self._refused.update(left_out)
        if left_out and (self._example is None or len(document) > len(self._example)):
            self._example = document

    def uses(self) -> list[ColumnUse]:
        """Every column, by its name."""
        rows = Counter(self._refused)
        for names, count in self._seen.items():
            rows.update(dict.fromkeys(names, count))
        if FURTHER in self._values:
            rows[FURTHER] = self._values[FURTHER].filled
        return [self._use(name, rows[name]) for name in sorted(rows)]

    def unclear(self) -> list[ColumnUse]:
        """Columns of which it cannot be told whether rows mean something else without them."""
        return [use for use in self.uses() if use.is_unclear]

    def mapping(self) -> str:
        """A field map to begin with."""
        names = max(self._readings, key=lambda names: (len(names), names), default=())
        example = self._example or dict.fromkeys(names, "")
        return suggestion(example, [use.name for use in self.unclear()])

    def _use(self, name: str, rows: int) -> ColumnUse:
        if (refused := self._refused[name]) and 100 * refused > STRAY_PERCENT * self._rows:
            return ColumnUse(name, rows, False, f"{refused} of {self._rows} rows have it", is_unclear=True)
        if refused:
            return ColumnUse(name, rows, False, f"its {refused} rows are rejected as ColumnNotUsed")
        if self._given is not None:
            is_used = name in TOOLS or any(name in named(self._names, given) for given in self._given)
            return ColumnUse(name, rows, is_used, "fieldMap names it" if is_used else "fieldMap does not name it")
        readings = [reading for names, reading in self._readings.items() if name in names]
        if any(name in reading.reader.used or name in TOOLS for reading in readings):
            return ColumnUse(name, rows, True, "")
        if (values := self._values.get(name)) and (doubt := values.doubt()):
            return ColumnUse(name, rows, False, doubt, is_unclear=True)
        return ColumnUse(name, rows, False, self._reason(name, readings))

    def _reason(self, name: str, readings: Sequence[Reading]) -> str:
        if self._format is not RowFormat.AUTO:
            return f"format {self._format.value} leaves it out"
        values = self._values.get(name)
        if values is None:
            if any(reading.shape in WHOLE for reading in readings):
                return "it stands beside a whole conversation"
            return (
                BY_NAME
                if not any(name in dict(reading.watched) for reading in readings)
                else "it is empty or says what the turns say"
            )
        if not values.filled:
            return "it is empty or says what the turns say"
        return BY_NAME if values.kind is Kind.CLASS else "it sorts rows: few values, each of many rows"


ColumnsOfSources = Mapping[str, SourceColumns]
"""By the name of the source."""
