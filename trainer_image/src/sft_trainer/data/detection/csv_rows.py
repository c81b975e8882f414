"""Rows of CSV and TSV. Where a quote is broken, rows go on only from a line from which the table is whole again."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import BinaryIO

import orjson

from sft_trainer.data.detection.unreadable import UnreadableFile

MAX_CELL_CHARACTERS = 16 << 20
"""As long as a row may be. csv's own limit of 131,072 refuses real rows."""
MAX_LINE_CHARACTERS = 4 * MAX_CELL_CHARACTERS
"""So much of a line is held; a row that is shorter, and longer than a row may be, is rejected alone."""
LINES_AHEAD = 8
"""Lines that must be whole rows of the table before rows go on behind a broken quote."""
SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""Excel's own first line, which names the delimiter."""
NumberedRow = tuple[int, bytes]
"""Number (of a CSV's line, else of the row) and JSON text."""


def csv_rows(stream: BinaryIO, delimiter: str) -> Iterator[NumberedRow]:
    """Raises UnreadableFile for a quote that never closes."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    with io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="") as text:
        yield from _Records(iter(partial(text.readline, MAX_LINE_CHARACTERS), ""), delimiter).rows()


def column_names(header: Sequence[str]) -> list[str]:
    """The names in a header; a column without one, such as the row numbers that pandas writes first, is told by its place."""
    return [name.strip() or f"column {place}" for place, name in enumerate(header, start=1)]


class _Records:
    """The records of one table, with the lines that the current one is made of."""

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._record: list[str] = []
        self._number = 1
        """Of the line with which the current record begins."""

    def rows(self) -> Iterator[NumberedRow]:
        """The rows below the header."""
        records = self._read()
        header = next(records, [])
        if self._record and SEPARATOR.fullmatch(self._record[0]):
            header = self._begin(next(records, []))
        names = column_names(self._begin(header))
        whole = _whole_rows(self._delimiter, len(names))
        while True:
            try:
                cells = next(records, None)
            except csv.Error as error:
                self._check_closed(error)
                yield self._number, f"broken CSV: {error}".encode()
                yield from self._skip_to(whole)
                records = self._read()
                continue
            if cells is None:
                return
            if cells:
                yield self._number, _csv_row(names, cells)
            self._begin(cells)

    def _read(self) -> Iterator[list[str]]:
        return csv.reader(self._noted(), delimiter=self._delimiter, strict=True)

    def _noted(self) -> Iterator[str]:
        for line in self._lines:
            if len(line) == MAX_LINE_CHARACTERS:
                number = self._number + len(self._record)
                raise UnreadableFile(f"is a table with a line {number} that is longer than any row", "look what it holds there")
            self._record.append(line)
            yield line

    def _begin(self, cells: list[str]) -> list[str]:
        """The next record begins behind this one."""
        self._number += len(self._record)
        self._record.clear()
        return cells

    def _check_closed(self, error: csv.Error) -> None:
        if "unexpected end of data" in str(error) or "field limit" in str(error):
            found = f"is CSV with a quote that opens in line {self._number} and never closes"
            raise UnreadableFile(found, "close it, or double the quotes that belong to the text") from error

    def _skip_to(self, whole: re.Pattern[str]) -> Iterator[NumberedRow]:
        """Lines behind a broken quote: each may be a row, or the rest of the broken one, until some in a row are rows."""
        following = chain(self._record[1:], self._lines)
        self._number += 1
        self._record.clear()
        ahead = deque(islice(following, LINES_AHEAD))
        while ahead and not _are_rows("".join(ahead), whole):
            yield self._number, b"broken CSV: perhaps a part of the broken row before it: " + _bytes(ahead.popleft())
            self._number += 1
            ahead.extend(islice(following, 1))
        self._lines = chain(ahead, following)


def _whole_rows(delimiter: str, columns: int) -> re.Pattern[str]:
    """A row: cells without a quote, or in quotes that are closed where the cell ends. The last one may go on."""
    apart = re.escape(delimiter)
    cell = rf'(?:"(?:[^"]|"")*+"|[^"{apart}\r\n]*+)'
    more = rf"(?:{apart}{cell}){{{columns - 1}}}"
    return re.compile(rf'(?:{cell}{more}(?:\r\n|\r|\n|\Z)|\r?\n)|(?P<open>(?:{cell}{apart}){{0,{columns - 1}}}"(?:[^"]|"")*+\Z)')


def _are_rows(text: str, whole: re.Pattern[str]) -> bool:
    at = 0
    while at < len(text):
        found = whole.match(text, at)
        if found is None or (found["open"] and at == 0):
            return False
        at = found.end()
    return True


def _csv_row(header: Sequence[str], cells: Sequence[str]) -> bytes:
    if len(cells) > len(header):
        return b"more cells than columns: " + _bytes(",".join(cells))
    row = dict(zip(header, cells, strict=False))
    try:
        return orjson.dumps(row)
    except TypeError:  # a cell that is not UTF-8
        return _bytes(",".join(cells))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
