"""How a text lays out its rows: JSON lines, one JSON array, an object around one, or a table with a header."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

import orjson

from sft_trainer.data.detection.json_values import ROW_LISTS, JsonValues
from sft_trainer.data.detection.unreadable import UnreadableFile

SAMPLE_BYTES = 4 << 20
SAMPLE_LINES = 2_000
MIN_JSON_LINES_PERCENT = 50
"""Of the first lines: real files end in a row of dots, or carry a comment; a pretty-printed file has next to none."""
DELIMITERS = {",": "CSV", "\t": "TSV", ";": "CSV with ';'"}
LONG_LINE_BYTES = SAMPLE_BYTES - 4096
"""A sample that is so long may end within a line."""
MAX_NAME_LENGTH = 60
MAX_HEADER_BYTES = 64 << 10
"""More names than a table has; a longer line is none. Below the 128 Ki characters that csv takes for a cell unasked."""
_NAME = re.compile(r"[\w \-./()]+")


class Layout(StrEnum):
    """Layouts that are read."""

    JSON_LINES = "JSON lines"
    JSON_ARRAY = "JSON array"
    JSON_OBJECT = "JSON object with a list of rows"
    JSON_VALUES = "JSON objects over several lines"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class LayoutFound:
    """The layout, and how it was found out."""

    layout: Layout
    evidence: str
    delimiter: str = ""
    """Of a table in text."""


def layout_of(open_text: Callable[[], BinaryIO]) -> LayoutFound | None:
    """Looks at the beginning of a text in UTF-8; None when it holds nothing but blanks. Raises UnreadableFile."""
    with open_text() as stream:
        sample = stream.read(SAMPLE_BYTES)
    stripped = sample.lstrip()
    if not stripped:
        return None
    lines = _first_lines(stripped)
    parsed = sum(map(_is_object, lines))
    if parsed * 100 >= MIN_JSON_LINES_PERCENT * len(lines) and not (len(lines) == 1 and _holds_all_rows(lines[0])):
        return LayoutFound(Layout.JSON_LINES, f"{parsed} of the first {len(lines)} lines are JSON")
    if stripped[:1] in (b"[", b"{"):
        return _spread_json(stripped, open_text)
    if table := _table_layout(stripped):
        return table
    raise _nothing_known(stripped)


def _spread_json(stripped: bytes, open_text: Callable[[], BinaryIO]) -> LayoutFound:
    """JSON that does not hold one row a line."""
    if stripped[:1] == b"[":
        return LayoutFound(Layout.JSON_ARRAY, "begins with '['")
    with open_text() as stream:
        try:
            if next(JsonValues(stream).rows_of_object(), None):
                return LayoutFound(Layout.JSON_OBJECT, f"an object with a list named one of {', '.join(ROW_LISTS)}")
        except UnreadableFile:
            if len(stripped) >= LONG_LINE_BYTES and b"\n" not in stripped:
                return LayoutFound(Layout.JSON_LINES, "begins with '{', and its first line is very long")
            raise
    return LayoutFound(Layout.JSON_VALUES, "begins with '{', and its lines are no JSON")


def _first_lines(stripped: bytes) -> list[bytes]:
    """Those that are not blank, and whole."""
    lines = [line for line in stripped.split(b"\n")[:SAMPLE_LINES] if line.strip()]
    if len(lines) > 1 and len(stripped) >= LONG_LINE_BYTES:
        lines = lines[:-1]  # the sample may have cut it
    return lines


def _is_object(line: bytes) -> bool:
    line = line.strip()
    if line[:1] not in (b"{", b"["):
        return False
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _holds_all_rows(line: bytes) -> bool:
    """Of JSON that is the only line. Several lines that are arrays are rows wrapped in lists."""
    value = orjson.loads(line)
    if isinstance(value, dict):
        return any(isinstance(value.get(name), list) for name in ROW_LISTS)
    return not _is_conversation(value)


def _is_conversation(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and bool({"role", "from"} & set(value[0]))


def _table_layout(stripped: bytes) -> LayoutFound | None:
    header = stripped.split(b"\n", 1)[0][:MAX_HEADER_BYTES].decode(errors="replace").strip("\r")
    for delimiter, name in DELIMITERS.items():
        names = [cell.strip() for cell in next(csv.reader([header], delimiter=delimiter), [])]
        if len(names) > 1 and len(set(names)) == len(names) and all(map(_is_name, names)):
            return LayoutFound(Layout.TABLE, f"{name}; its header is {', '.join(names)}", delimiter)
    return None


def _is_name(cell: str) -> bool:
    return len(cell) <= MAX_NAME_LENGTH and bool(_NAME.fullmatch(cell))


def _nothing_known(stripped: bytes) -> UnreadableFile:
    beginning = stripped[:40]
    if stripped[:1] == b"<":
        found = "is HTML or XML, perhaps a web server's error page"
        return UnreadableFile(f"{found}; it begins with {beginning!r}", "download the file itself and upload that")
    return UnreadableFile(
        f"is neither JSON nor a table with a header; it begins with {beginning!r}",
        "give one JSON object a line, or a CSV whose first line names the columns",
    )
