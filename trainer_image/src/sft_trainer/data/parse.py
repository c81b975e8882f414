"""One line of JSONL into one row, or the reason why not."""

from __future__ import annotations

from typing import Any

import orjson

from sft_trainer.contract import RowFormat
from sft_trainer.data.normalise import normalise
from sft_trainer.data.rows import Origin, Row, RowRejected
from sft_trainer.data.sources import Line
from sft_trainer.data.validate import validate


def parse_line(line: Line, source: str, row_format: RowFormat) -> Row:
    """Raises RowRejected."""
    document = _parse_json(line)
    messages = normalise(document, row_format)
    validate(messages)
    return Row(messages, Origin(source, line.file, line.number))


def _parse_json(line: Line) -> dict[str, Any]:
    """orjson is strict: no NaN, no invalid UTF-8, no half characters."""
    if line.data is None:
        raise RowRejected("LineTooLong")
    try:
        document = orjson.loads(line.data)
    except orjson.JSONDecodeError as error:
        raise RowRejected("NotJson") from error
    if not isinstance(document, dict):
        raise RowRejected("NotAnObject")
    return document
