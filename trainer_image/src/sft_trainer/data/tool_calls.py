"""Tools in a row: the list of those that may be used, and the calls. Arguments become JSON text, whichever way they came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sft_trainer.data.rows import RowRejected, ToolCall

BAD_TOOL_CALL, BAD_TOOLS = "BadToolCall", "BadTools"
TOOLS = ("tools", "functions")
"""Fields of a row that say which tools there are."""


def tools_of(document: Mapping[str, Any]) -> str | None:
    """The row's `tools` (or `functions`, OpenAI's older name) as JSON text of a list; they may come as a list or as such text."""
    given = document.get("tools") or document.get("functions")
    if not given:
        return None
    parsed = _parsed(given, BAD_TOOLS)
    if not isinstance(parsed, list) or not all(isinstance(tool, dict) for tool in parsed):
        raise RowRejected(BAD_TOOLS)
    return _json_text(parsed, BAD_TOOLS) if parsed else None


def tool_calls(message: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """The calls of a turn: OpenAI's `tool_calls`, flat ones, or its older `function_call`."""
    given = message.get("tool_calls") or ([message["function_call"]] if message.get("function_call") else [])
    if not isinstance(given, list):
        raise RowRejected(BAD_TOOL_CALL)
    return tuple(_call(call) for call in given)


def share_gpt_call(text: str) -> tuple[ToolCall, ...]:
    """ShareGPT's `function_call` turn: JSON text of one call, or of a list of them."""
    parsed = _parsed(text, BAD_TOOL_CALL)
    return tuple(_call(call) for call in (parsed if isinstance(parsed, list) else [parsed]))


def _call(call: object) -> ToolCall:
    if not isinstance(call, Mapping):
        raise RowRejected(BAD_TOOL_CALL)
    function, identity = call.get("function", call), call.get("id")
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str) or not isinstance(identity, str | None):
        raise RowRejected(BAD_TOOL_CALL)
    arguments = function.get("arguments", {})
    text = arguments if isinstance(arguments, str) else _json_text(arguments, BAD_TOOL_CALL)
    return ToolCall(function["name"], text, identity)


def _parsed(value: object, reason: str) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise RowRejected(reason) from error


def _json_text(value: object, reason: str) -> str:
    """orjson reads four times as deep as it writes."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise RowRejected(reason) from error
