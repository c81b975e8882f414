"""One row's JSON text into what it teaches, or the reason why not."""

from __future__ import annotations

import orjson

from sft_trainer.contract import FieldMap, RowFormat
from sft_trainer.data.detection.lines import Line
from sft_trainer.data.normalise import Normalised, normalise
from sft_trainer.data.rows import RowRejected
from sft_trainer.data.validate import validate

NOT_JSON, NOT_UTF8, LINE_TOO_LONG = "NotJson", "NotUTF8", "LineTooLong"


def parse_line(line: Line, row_format: RowFormat, field_map: FieldMap | None = None) -> Normalised:
    """Raises RowRejected."""
    row = normalise(_parse_json(line), row_format, field_map)
    validate(row.content.messages)
    return row


def _parse_json(line: Line) -> object:
    """orjson is strict: no NaN, no invalid UTF-8, no half characters. Of a key that stands twice the last one counts."""
    if line.is_too_long:
        raise RowRejected(LINE_TOO_LONG)
    try:
        return orjson.loads(line.data)
    except orjson.JSONDecodeError as error:
        raise RowRejected(NOT_UTF8 if _is_not_utf8(line.data) else NOT_JSON) from error


def _is_not_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return True
    return False
