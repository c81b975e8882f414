"""Turns a JSON object of any known shape into messages. It only renames; whether they make sense is for validate to say.

What it cannot carry over (tool calls, turns without loss) rejects the row: dropped in silence it would teach something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sft_trainer.contract import RowFormat
from sft_trainer.data.rows import Message, RowRejected

TOOL_FIELDS = ("tools", "functions", "tool_calls", "function_call")


def normalise(document: Mapping[str, Any], row_format: RowFormat) -> tuple[Message, ...]:
    """Messages of one row; raises RowRejected."""
    shape = detect(document) if row_format is RowFormat.AUTO else row_format
    _refuse_tools(document)
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


def _refuse_tools(document: Mapping[str, Any]) -> None:
    if any(document.get(field) for field in TOOL_FIELDS):
        raise RowRejected("ToolsNotSupported")


def _text(document: Mapping[str, Any], key: str) -> str:
    if key not in document:
        raise RowRejected("MissingField")
    value = document[key]
    if not isinstance(value, str):
        raise RowRejected("NotText")
    return value


def _optional_text(document: Mapping[str, Any], key: str) -> str:
    return _text(document, key) if document.get(key) is not None else ""


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    if key not in document:
        raise RowRejected("MissingField")
    value = document[key]
    if not isinstance(value, list):
        raise RowRejected("NotAList")
    return value


def _alpaca(document: Mapping[str, Any]) -> tuple[Message, ...]:
    """instruction, input, output; with LLaMA-Factory's `system` and `history` (earlier pairs of instruction and answer)."""
    parts = (_text(document, "instruction"), _optional_text(document, "input"))
    prompt = "\n\n".join(part for part in parts if part.strip())
    system = _optional_text(document, "system")
    opening = (Message("system", system),) if system.strip() else ()
    return (*opening, *_history(document), Message("user", prompt), Message("assistant", _text(document, "output")))


def _history(document: Mapping[str, Any]) -> list[Message]:
    turns = []
    for pair in _list(document, "history") if document.get("history") else []:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise RowRejected("BadHistory")
        turns += [Message("user", pair[0]), Message("assistant", pair[1])]
    return turns


def _messages(document: Mapping[str, Any]) -> tuple[Message, ...]:
    return tuple(_message(entry) for entry in _list(document, "messages"))


def _message(entry: object) -> Message:
    if not isinstance(entry, Mapping):
        raise RowRejected("BadMessage")
    _refuse_tools(entry)
    # OpenAI's `weight: 0` and `train: false` both exclude a turn from the loss.
    if entry.get("weight", 1) != 1 or entry.get("train", True) is not True:
        raise RowRejected("TurnWeightNotSupported")
    return Message(_text(entry, "role"), _text(entry, "content"))


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
