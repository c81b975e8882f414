"""One row in the shape of another trainer, with the names of what had no place in it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count, groupby
from typing import Any, NoReturn

from sft_trainer.data.rows import Content, Message, ToolCall

Turns = Callable[[Content, set[str]], dict[str, Any]]
"""(row, names of what was dropped or is written otherwise, to be added to) -> the row as JSON. Raises NotInShape."""

CALL_IDS, TOOL_NAMES, TEXT_BESIDE_CALLS, REASONING = "toolCallIds", "toolNames", "textBesideToolCalls", "reasoning"
UNREADABLE_TOOLS, MESSAGE_NAMES = "toolsThatAreNoJson", "messageNames"
MADE_UP_CALL_IDS, JOINED_RESULTS = "toolCallIdsMadeUp", "toolResultsJoined"
CHANGES = frozenset({MADE_UP_CALL_IDS, JOINED_RESULTS})
"""Nothing is lost by these: ids that a shape demands, results in one turn that can be told apart again."""
_OPENAI_NAME = re.compile(r"[^\s<|\\/>]{1,64}")
"""Of who speaks. One that OpenAI refuses fails the whole upload, not the row."""
_OPENAI_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RESULT_ENDS = "\n</tool_response>\n<tool_response>\n"
"""Between results of one turn, as LLaMA-Factory's own reader of OpenAI's rows joins them."""


class NotInShape(Exception):
    """The shape cannot hold a row without teaching something else."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _CallIds:
    """The ids of a row's calls: OpenAI demands them, and many rows have none. Results follow their calls in order."""

    def __init__(self, content: Content) -> None:
        self._taken = {message.tool_call_id for message in content.messages}
        self._taken |= {call.id for message in content.messages for call in message.tool_calls}
        self._waiting: list[str] = []
        self.made_up = 0

    def of_call(self, call: ToolCall) -> str:
        number = call.id if call.id is not None else self._make_up()
        self._waiting.append(number)
        return number

    def of_result(self, message: Message) -> str:
        if message.tool_call_id is not None:
            self._waiting = [number for number in self._waiting if number != message.tool_call_id]
            return message.tool_call_id
        number = self._waiting.pop(0) if self._waiting else self._make_up()
        self.made_up = max(self.made_up, 1)
        return number

    def _make_up(self) -> str:
        self.made_up += 1
        number = next(number for number in map("call_{}".format, count(1)) if number not in self._taken)
        self._taken.add(number)
        return number


def openai_row(content: Content, dropped: set[str]) -> dict[str, Any]:
    """Weight 0 is a turn that is not learned."""
    call_ids = _CallIds(content)
    row: dict[str, Any] = {"messages": [_openai_turn(message, call_ids, dropped) for message in content.messages]}
    if call_ids.made_up:
        dropped.add(MADE_UP_CALL_IDS)
    tools = _tools(content, dropped)
    return row | ({"tools": [_openai_tool(tool) for tool in tools]} if tools is not None else {})


def _openai_tool(tool: Any) -> Any:  # noqa: ANN401 - any JSON
    """Many sets list functions alone; OpenAI demands the wrapper that says so. The other trainers read both."""
    if not isinstance(tool, dict) or tool.get("type", "function") != "function":
        return tool
    if isinstance(tool.get("name"), str):
        tool = {"type": "function", "function": {name: value for name, value in tool.items() if name != "type"}}
    function = tool.get("function")
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        _require_openai_tool_name(function["name"])
    return tool


def _require_openai_tool_name(name: str) -> None:
    """Another name would teach to call another tool."""
    if not _OPENAI_TOOL_NAME.fullmatch(name):
        _not_in_shape("toolNameNotAllowed")


def _openai_turn(message: Message, call_ids: _CallIds, dropped: set[str]) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "assistant" and not message.train:
        turn["weight"] = 0
    if message.name is not None and _OPENAI_NAME.fullmatch(message.name):
        turn["name"] = message.name
    elif message.name is not None:
        dropped.add(MESSAGE_NAMES)
    if message.reasoning_content is not None:
        dropped.add(REASONING)
    if message.tool_calls:
        turn["tool_calls"] = [_openai_call(call, call_ids.of_call(call)) for call in message.tool_calls]
    if message.role == "tool":
        turn["tool_call_id"] = call_ids.of_result(message)
    elif message.tool_call_id is not None:
        dropped.add(CALL_IDS)
    return turn


def _openai_call(call: ToolCall, number: str) -> dict[str, Any]:
    _require_openai_tool_name(call.name)
    return {"id": number, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def ms_swift_row(content: Content, dropped: set[str]) -> dict[str, Any]:
    """Each call is a turn `tool_call`, each result a turn `tool_response`; `loss` false is a turn that is not learned."""
    turns: list[dict[str, Any]] = []
    for message in content.messages:
        _note_names(message, dropped)
        text = _with_reasoning(message)
        learned = {} if message.role != "assistant" or message.train else {"loss": False}
        if message.role == "tool":
            turns.append({"role": "tool_response", "content": text})
        elif text or not message.tool_calls:
            turns.append({"role": message.role, "content": text} | learned)
        turns += [{"role": "tool_call", "content": _call_text(call)} | learned for call in message.tool_calls]
    tools = _tools(content, dropped)
    return {"messages": turns} | ({"tools": _json_text(tools)} if tools is not None else {})


def llama_factory_row(content: Content, dropped: set[str]) -> dict[str, Any]:
    """Asking and answering turns alternate, or LLaMA-Factory drops the row; it has no turn that is not learned."""
    messages = content.messages
    has_system = bool(messages) and messages[0].role == "system"
    system = messages[0].content if has_system else ""
    turns = [
        _llama_factory_turn(message, dropped)
        for message in _with_joined_results(messages[1:] if has_system else messages, dropped)
    ]
    for position, turn in enumerate(turns):
        if (turn["from"] in ("human", "observation")) is not (position % 2 == 0):
            _not_in_shape("turnsDoNotAlternate")
    if not turns or len(turns) % 2:
        _not_in_shape("lastTurnIsNoAnswer")
    tools = _tools(content, dropped)
    return {"conversations": turns, "system": system, "tools": "" if tools is None else _json_text(tools)}


def _with_joined_results(messages: Sequence[Message], dropped: set[str]) -> Iterator[Message]:
    """Results of calls that were made at once as one turn: two in a row would not alternate."""
    for role, group in groupby(messages, key=lambda message: message.role):
        turns = list(group)
        if role != "tool" or len(turns) == 1:
            yield from turns
            continue
        if any("tool_response>" in turn.content for turn in turns):
            _not_in_shape("toolResultsThatCannotBeJoined")
        for turn in turns:
            _note_names(turn, dropped)
        dropped.add(JOINED_RESULTS)
        yield Message("tool", _RESULT_ENDS.join(turn.content for turn in turns))


def _llama_factory_turn(message: Message, dropped: set[str]) -> dict[str, str]:
    _note_names(message, dropped)
    if message.role == "system":
        _not_in_shape("systemPromptIsNotFirst")
    if message.role == "user":
        return {"from": "human", "value": message.content}
    if message.role == "tool":
        return {"from": "observation", "value": message.content}
    if not message.train:
        _not_in_shape("turnThatIsNotLearned")
    if not message.tool_calls:
        return {"from": "gpt", "value": _with_reasoning(message)}
    if message.content:
        dropped.add(TEXT_BESIDE_CALLS)
    if message.reasoning_content is not None:
        dropped.add(REASONING)
    calls = [_call_text(call) for call in message.tool_calls]
    return {"from": "function_call", "value": calls[0] if len(calls) == 1 else f"[{', '.join(calls)}]"}


def _with_reasoning(message: Message) -> str:
    """Both trainers expect reasoning inside the answer, as models write it."""
    if message.reasoning_content is None:
        return message.content
    return f"<think>\n{message.reasoning_content}\n</think>\n\n{message.content}"


def _call_text(call: ToolCall) -> str:
    """Arguments as the object they are; text that is no JSON stays text."""
    try:
        arguments = _json(call.arguments)
    except ValueError:
        arguments = call.arguments
    return _json_text({"name": call.name, "arguments": arguments})


def _tools(content: Content, dropped: set[str]) -> list[Any] | None:
    if content.tools is None:
        return None
    try:
        tools = _json(content.tools)
    except ValueError:
        tools = None
    if isinstance(tools, list):
        return tools
    dropped.add(UNREADABLE_TOOLS)
    return None


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Strict JSON: NaN and Infinity, which Python would read and write, are none; nor is 1e400, which it would make one of."""
    try:
        return json.loads(text, parse_constant=_not_json, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("too deep") from error


def _not_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _not_json(digits)


def _json_text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _note_names(message: Message, dropped: set[str]) -> None:
    if message.tool_call_id is not None or any(call.id is not None for call in message.tool_calls):
        dropped.add(CALL_IDS)
    if message.name is not None:
        dropped.add(TOOL_NAMES if message.role == "tool" else MESSAGE_NAMES)


def _not_in_shape(name: str) -> NoReturn:
    raise NotInShape(name)
