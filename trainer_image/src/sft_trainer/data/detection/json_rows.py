"""Rows of tables as JSON text; what JSON cannot hold becomes text that is none, and is rejected with it."""

from __future__ import annotations

from collections.abc import Mapping

import orjson


def row_json(row: Mapping[str, object]) -> bytes:
    """A cell keeps its text."""
    try:
        return orjson.dumps(row, default=_as_text, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError) as error:
        return broken_row(error)


def broken_row(error: Exception) -> bytes:
    """A row of which no value can be had."""
    return f"no JSON can hold this row: {error}".encode(errors="replace")


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


def first_line(error: Exception) -> str:
    """What an error says, in brief."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
