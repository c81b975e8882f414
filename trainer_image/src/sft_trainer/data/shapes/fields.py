"""Fields of a row, and the reasons why one cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sft_trainer.data.rows import Message, RowRejected

Document = Mapping[str, Any]
"""One row, as JSON."""


def first_of(document: Document, names: tuple[str, ...]) -> str | None:
    """The first of these names that the row has."""
    return next((name for name in names if name in document), None)


def text(document: Document, name: str) -> str:
    """A field that must be text; a number in a table is its digits."""
    if name not in document:
        raise RowRejected("MissingField")
    value = document[name]
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise RowRejected("NotText")


def optional_text(document: Document, name: str) -> str:
    """Empty where the field is not there."""
    return text(document, name) if document.get(name) is not None else ""


def items(document: Document, name: str) -> list[Any]:
    """A field that must be a list, or JSON text of one, as tables hold them."""
    if name not in document:
        raise RowRejected("MissingField")
    value = document[name]
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise RowRejected("NotAList") from error
    if not isinstance(value, list):
        raise RowRejected("NotAList")
    return value


def opening(document: Document) -> tuple[Message, ...]:
    """A `system` field beside the turns."""
    system = optional_text(document, "system")
    return (Message("system", system),) if system.strip() else ()
