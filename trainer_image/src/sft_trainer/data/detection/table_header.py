"""Whether a text is a table: its first line names columns, which one delimiter sets apart."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from sft_trainer.data.detection.csv_rows import SEPARATOR, column_names
from sft_trainer.data.detection.unreadable import UnreadableFile
from sft_trainer.data.shapes.conversations import CONVERSATIONS

DELIMITERS = {",": "CSV", "\t": "TSV", ";": "CSV with ';'", "|": "CSV with '|'"}
MAX_HEADER_BYTES = 64 << 10
"""More names than a table has; a longer line is none. Below the 128 Ki characters that csv takes for a cell unasked."""
MAX_NAME_LENGTH = 60
RECORDS_LIKE_IT = 5
"""So many of the next records, or all there are, must have as many cells as a header whose names are unusual."""
_USUAL_NAME = re.compile(r"[\w \-./()]+")
_ANY_NAME = re.compile(r"[^\x00-\x1f\"{}\[\]<>]*")
_LINE_ENDS = re.compile(r"\r\n|\n|\r")


class TableFound(NamedTuple):
    """A table in text."""

    kind: str
    names: Sequence[str]
    delimiter: str


def table_layout(text: bytes) -> TableFound | None:
    """None for what is no table; raises UnreadableFile for one that names a column twice."""
    beginning = text[:MAX_HEADER_BYTES].decode(errors="replace")
    first, *following = _LINE_ENDS.split(beginning)
    if (separator := SEPARATOR.fullmatch(first)) and following:
        first, *following = following
    if len(text) > MAX_HEADER_BYTES and following:
        following.pop()  # it may be cut
    for delimiter in separator[1] if separator else DELIMITERS:
        header = next(iter(_records([first], delimiter)), [])
        if _is_header(header, following, delimiter):
            names = column_names(header)
            _check_once(names)
            return TableFound(DELIMITERS.get(delimiter, f"CSV with {delimiter!r}"), names, delimiter)
    return TableFound("one column", [first], ",") if first.strip('" ') in CONVERSATIONS else None


def _is_header(header: Sequence[str], following: Sequence[str], delimiter: str) -> bool:
    if len(header) < 2 or any(len(name) > MAX_NAME_LENGTH for name in header):
        return False
    if all(map(_USUAL_NAME.fullmatch, header)):
        return True
    named = [name for name in header if name.strip()]
    if not named or not all(map(_ANY_NAME.fullmatch, header)):
        return False
    records = _records(following, delimiter)
    return bool(records) and all(len(cells) == len(header) for cells in records)


def _records(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """A few of them, as far as they can be read."""
    found: list[list[str]] = []
    with suppress(csv.Error):
        for cells in csv.reader((f"{line}\n" for line in lines), delimiter=delimiter):
            if cells:
                found.append(cells)
            if len(found) == RECORDS_LIKE_IT:
                break
    return found


def _check_once(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableFile(f"is a table that names a column twice: {', '.join(twice)}", "give each column a name of its own")
