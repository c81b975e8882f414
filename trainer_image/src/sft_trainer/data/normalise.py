"""Turns a JSON object of any known shape into messages. It only renames; whether they make sense is for validate to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sft_trainer.contract import RowFormat
from sft_trainer.data.rows import Message, RowRejected


def normalise(document: Mapping[str, Any], row_format: RowFormat) -> tuple[Message, ...]:
    """Messages of one row; raises RowRejected(MissingField, NotText, UnknownShape)."""
    shape = detect(document) if row_format is RowFormat.AUTO else row_format
    return _NORMALISERS[shape](document)


def detect(document: Mapping[str, Any]) -> RowFormat:
    """The shape of one row, by its own keys."""
    if "messages" in document:
        return RowFormat.MESSAGES
    if "prompt" in document and "completion" in document:
        return RowFormat.PROMPT_COMPLETION
    if "instruction" in document:
        return RowFormat.ALPACA
    raise RowRejected("UnknownShape")


def _text(document: Mapping[str, Any], key: str) -> str:
    if key not in document:
        raise RowRejected("MissingField")
    value = document[key]
    if not isinstance(value, str):
        raise RowRejected("NotText")
    return value


def _optional_text(document: Mapping[str, Any], key: str) -> str:
    return _text(document, key) if document.get(key) is not None else ""


def _alpaca(document: Mapping[str, Any]) -> tuple[Message, ...]:
    instruction, context = _text(document, "instruction"), _optional_text(document, "input")
    prompt = f"{instruction}\n\n{context}" if context.strip() else instruction
    answer = Message("assistant", _text(document, "output"))
    system = _optional_text(document, "system")
    return (*((Message("system", system),) if system.strip() else ()), Message("user", prompt), answer)


def _messages(document: Mapping[str, Any]) -> tuple[Message, ...]:
    entries = _list(document, "messages")
    messages = []
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise RowRejected("NotAnObject")
        messages.append(Message(_text(entry, "role"), _text(entry, "content")))
    return tuple(messages)


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    if key not in document:
        raise RowRejected("MissingField")
    value = document[key]
    if not isinstance(value, list):
        raise RowRejected("UnknownShape")
    return value


def _prompt_completion(document: Mapping[str, Any]) -> tuple[Message, ...]:
    """Strings, or TRL's conversational form, in which both are lists of messages."""
    if isinstance(document.get("prompt"), list):
        return _messages({"messages": _list(document, "prompt")}) + _messages({"messages": _list(document, "completion")})
    return Message("user", _text(document, "prompt")), Message("assistant", _text(document, "completion"))


_NORMALISERS: Mapping[RowFormat, Callable[[Mapping[str, Any]], tuple[Message, ...]]] = {
    RowFormat.ALPACA: _alpaca,
    RowFormat.MESSAGES: _messages,
    RowFormat.PROMPT_COMPLETION: _prompt_completion,
}
