"""How a text lays out its rows: JSON lines, one JSON array, an object around one, or a table with a header."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO

import orjson

from sft_trainer.data.detection.excerpt import excerpt
from sft_trainer.data.detection.json_values import ROW_LISTS, ROW_NAMES, JsonValues
from sft_trainer.data.detection.table_header import MAX_HEADER_BYTES, table_layout
from sft_trainer.data.detection.unreadable import UnreadableFile

SAMPLE_BYTES = 4 << 20
SAMPLE_LINES = 2_000
MIN_JSON_LINES_PERCENT = 50
"""Of the first lines: real files end in a row of dots, or carry a comment; a pretty-printed file has next to none."""
LONG_LINE_BYTES = SAMPLE_BYTES - 4096
"""A sample that is so long may end within a line."""


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
    if found := _json_lines_layout(_first_lines(stripped)):
        return found
    if stripped[:1] == b"[":
        return LayoutFound(Layout.JSON_ARRAY, "begins with '['")
    if stripped[:1] == b"{":
        return _object_layout(stripped)
    if table := table_layout(stripped):
        return LayoutFound(Layout.TABLE, f"{table.kind}; its header is {', '.join(table.names)}", table.delimiter)
    raise _nothing_known(stripped)


def _json_lines_layout(lines: Sequence[bytes]) -> LayoutFound | None:
    """Where most of the first lines are JSON."""
    if len(lines) == 1:
        return _only_line_layout(_parsed(lines[0]))
    parsed = 0
    for value in map(_parsed, lines):
        parsed += value is not None
        if _is_list_of_rows(value):
            return LayoutFound(Layout.JSON_ARRAY, "a line that begins with '[' holds several rows")
    if parsed * 100 < MIN_JSON_LINES_PERCENT * len(lines):
        return None
    return LayoutFound(Layout.JSON_LINES, f"{parsed} of the first {len(lines)} lines are JSON")


def _only_line_layout(value: object) -> LayoutFound | None:
    """A row, a conversation, an array or an object of rows, or a table by columns."""
    if value is None or _row_lists(value) or (isinstance(value, list) and not _is_conversation(value)):
        return None
    _check_is_no_table(value)
    return LayoutFound(Layout.JSON_LINES, "its only line is JSON")


def _object_layout(stripped: bytes) -> LayoutFound:
    """Of JSON that begins with an object and does not hold one row a line."""
    values, names, lists = JsonValues(io.BytesIO(stripped)), set[str](), list[str]()
    is_alone = is_cut = False
    try:
        for name, first in values.members():
            names.add(name)
            lists += [name] if first == "[" and name in ROW_LISTS else []
        is_alone = values.is_at_end()
    except UnreadableFile:
        is_cut = len(stripped) >= LONG_LINE_BYTES
        if not is_cut:
            raise
    if lists and names.isdisjoint(ROW_NAMES) and (is_alone or is_cut):
        return LayoutFound(Layout.JSON_OBJECT, f"an object with a list named {' and '.join(lists)}")
    if is_cut and b"\n" not in stripped:
        return LayoutFound(Layout.JSON_LINES, "begins with '{', and its first line is very long")
    if is_alone and len(stripped) < LONG_LINE_BYTES:
        _check_is_no_table(_parsed(stripped))
    return LayoutFound(Layout.JSON_VALUES, "begins with '{', and its lines are no JSON")


def _first_lines(stripped: bytes) -> list[bytes]:
    """Those that are not blank, and whole."""
    lines = [line for line in stripped.split(b"\n")[:SAMPLE_LINES] if line.strip()]
    if len(lines) > 1 and len(stripped) >= LONG_LINE_BYTES:
        lines = lines[:-1]  # the sample may have cut it
    return lines


def _parsed(line: bytes) -> Any:  # noqa: ANN401 - any JSON
    """An object or a list; None for anything else."""
    line = line.strip()
    if line[:1] not in (b"{", b"["):
        return None
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _row_lists(value: object) -> list[str]:
    """Of a whole file's only object: where its rows are."""
    if not isinstance(value, dict) or not ROW_NAMES.isdisjoint(value):
        return []
    return [name for name in ROW_LISTS if isinstance(value.get(name), list)]


def _is_list_of_rows(value: object) -> bool:
    """Rather than a row in a list of its own, or the turns of one conversation."""
    if not isinstance(value, list) or len(value) < 2 or not isinstance(value[0], dict | list):
        return False
    return not _is_conversation(value)


def _is_conversation(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and bool({"role", "from"} & set(value[0]))


def _check_is_no_table(value: object) -> None:
    """One object alone may be a table by columns: taken for a row, all of it would be one conversation."""
    members = list(value.values()) if isinstance(value, dict) else []
    if len(members) < 2:
        return
    is_by_list = all(isinstance(member, list) for member in members) and len({len(member) for member in members}) == 1
    is_by_number = all(isinstance(member, dict) and member and all(name.isdigit() for name in member) for member in members)
    if is_by_number or (is_by_list and len(members[0]) > 1 and not any(isinstance(cell, dict) for cell in members[0])):
        raise UnreadableFile(
            "is one JSON object with a list in each member, all of the same length: a table by columns, or one conversation",
            "give one JSON object a row (pandas: orient='records'); a single conversation as messages",
        )


def _nothing_known(stripped: bytes) -> UnreadableFile:
    beginning = excerpt(stripped[:MAX_HEADER_BYTES].decode(errors="replace"))
    if stripped[:1] == b"<":
        found = "is HTML or XML, perhaps a web server's error page"
        return UnreadableFile(f"{found}; it begins with {beginning}", "download the file itself and upload that")
    return UnreadableFile(
        f"is neither JSON nor a table with a header; it begins with {beginning}",
        "give one JSON object a line, or a CSV whose first line names the columns",
    )
