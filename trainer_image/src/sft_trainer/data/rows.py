"""The canonical row: what it teaches (messages with roles, tools), and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class ToolCall(NamedTuple):
    """A tool that the assistant calls. `arguments` is JSON text: as columns, the keys of all tools would run into one another."""

    name: str
    arguments: str
    id: str | None = None


class Message(NamedTuple):
    """One turn of a conversation."""

    role: str
    content: str
    train: bool = True
    """Whether an assistant's turn is learned; the other roles never are."""
    reasoning_content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None

    def document(self) -> dict[str, Any]:
        """As JSON, without what is not there: an ordinary turn is its role and its text."""
        document: dict[str, Any] = {"role": self.role, "content": self.content}
        if not self.train:
            document["train"] = False
        if self.reasoning_content is not None:
            document["reasoning_content"] = self.reasoning_content
        if self.tool_calls:
            document["tool_calls"] = [
                {key: value for key, value in call._asdict().items() if value is not None} for call in self.tool_calls
            ]
        if self.tool_call_id is not None:
            document["tool_call_id"] = self.tool_call_id
        if self.name is not None:
            document["name"] = self.name
        return document


class Content(NamedTuple):
    """What a row teaches; its hash is taken of this and of nothing else."""

    messages: tuple[Message, ...]
    tools: str | None = None
    """JSON text of the list of tools that the conversation may use."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        document: dict[str, Any] = {"messages": [message.document() for message in self.messages]}
        if self.tools is not None:
            document["tools"] = self.tools
        return document


class Origin(NamedTuple):
    """Where a row stands: the source's name, the file's key below it, and the line, counted from 1. Their order is survival's."""

    source: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation that a model can learn from."""

    content: Content
    origin: Origin


class RowRejected(Exception):
    """A row cannot be used; `reason` is a CamelCase word for reports."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
