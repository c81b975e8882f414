"""One line of JSONL into one row, or the reason why not."""

from __future__ import annotations

from typing import Any

import orjson

from sft_trainer.contract import RowFormat
from sft_trainer.data.normalise import normalise
from sft_trainer.data.rows import Content, RowRejected
from sft_trainer.data.sources import Line
from sft_trainer.data.validate import validate

NOT_JSON, NOT_UTF8, NOT_AN_OBJECT, LINE_TOO_LONG = "NotJson", "NotUTF8", "NotAnObject", "LineTooLong"
NO_OBJECT = frozenset({NOT_JSON, NOT_UTF8, NOT_AN_OBJECT, LINE_TOO_LONG})
"""Reasons that say: this line is no JSON object at all."""


def parse_line(line: Line, row_format: RowFormat) -> Content:
    """Raises RowRejected."""
    document = _parse_json(line)
    content = normalise(document, row_format)
    validate(content.messages)
    return content


def _parse_json(line: Line) -> dict[str, Any]:
    """orjson is strict: no NaN, no invalid UTF-8, no half characters. Of a key that stands twice the last one counts."""
    if line.is_too_long:
        raise RowRejected(LINE_TOO_LONG)
    try:
        document = orjson.loads(line.data)
    except orjson.JSONDecodeError as error:
        raise RowRejected(NOT_UTF8 if _is_not_utf8(line.data) else NOT_JSON) from error
    if not isinstance(document, dict):
        raise RowRejected(NOT_AN_OBJECT)
    return document


def _is_not_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return True
    return False
