"""Rows of a shape that nobody knows, by the names that their owner gives."""

from __future__ import annotations

from sft_trainer.contract import FieldMap
from sft_trainer.data.rows import RowRejected
from sft_trainer.data.shapes.fields import Document

MEANING = {
    "messages": "messages",
    "prompt": "instruction",
    "response": "output",
    "input": "input",
    "system": "system",
    "history": "history",
}
"""Name in a field map -> name in the shapes that are known."""
REQUIRED = ("messages", "prompt", "response")


def renamed(document: Document, field_map: FieldMap) -> Document:
    """The row under known names; what the map does not name is not carried over, but tools."""
    given = field_map.model_dump(exclude_none=True)
    if any(given[name] not in document for name in REQUIRED if name in given):
        raise RowRejected("MissingField")
    row = {MEANING[ours]: document[theirs] for ours, theirs in given.items() if theirs in document}
    return {"tools": document["tools"], **row} if "tools" in document else row
