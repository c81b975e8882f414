"""The canonical row: messages with roles, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row stands: the source's name, the file's key below it, and the line, counted from 1."""

    source: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation that a model can learn from."""

    messages: tuple[Message, ...]
    origin: Origin

    def content(self) -> dict[str, Any]:
        """What the row's hash is taken of: everything that changes what is learned, and nothing else."""
        return {"messages": [{"role": message.role, "content": message.content} for message in self.messages]}


class RowRejected(Exception):
    """A row cannot be used; `reason` is a CamelCase word for reports."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
