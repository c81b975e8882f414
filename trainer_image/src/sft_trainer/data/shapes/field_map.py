"""Rows of a shape that nobody knows, by the names that their owner gives."""

from __future__ import annotations

from collections.abc import Collection

from sft_trainer.contract import FieldMap
from sft_trainer.data.rows import RowRejected
from sft_trainer.data.shapes.fields import Document, text

MEANING = {
    "messages": "messages",
    "prompt": "instruction",
    "response": "output",
    "input": "input",
    "system": "system",
    "history": "history",
}
"""Name in a field map -> name in the shapes that are known."""
JOINED = frozenset({"prompt", "input", "response", "system"})
"""What is text: made of several columns (`law + question`) and of lists of texts, one below the other."""
REQUIRED = ("messages", "prompt", "response")


def renamed(document: Document, field_map: FieldMap) -> Document:
    """The row under known names; what the map does not name is not carried over, but tools."""
    given = field_map.model_dump(exclude_none=True)
    if any(name not in document for ours in REQUIRED if ours in given for name in named(document, given[ours])):
        raise RowRejected("MissingField")
    row = {MEANING[ours]: _value(document, ours, theirs) for ours, theirs in given.items() if _is_there(document, theirs)}
    return {"tools": document["tools"], **row} if "tools" in document else row


def named(names: Collection[str], column: str) -> tuple[str, ...]:
    """The columns that a field map's value names: itself, where there is one of that name, else those that `+` joins."""
    return (column,) if column in names or "+" not in column else tuple(part.strip() for part in column.split("+"))


def _is_there(document: Document, column: str) -> bool:
    return any(name in document for name in named(document, column))


def _value(document: Document, ours: str, column: str) -> object:
    columns = [name for name in named(document, column) if name in document]
    if ours not in JOINED or (len(columns) == 1 and not _is_texts(document[columns[0]])):
        if len(columns) > 1:
            raise RowRejected("CannotBeJoined")
        return document[columns[0]]
    return "\n\n".join(part for name in columns if (part := _text(document, name)).strip())


def _text(document: Document, name: str) -> str:
    value = document[name]
    if value is None:
        return ""
    return "\n".join(value) if _is_texts(value) else text(document, name)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)
