"""Turns a JSON object of any known shape into messages. It only renames; whether they make sense is for validate to say.

What it cannot carry over (pictures, weights between 0 and 1) rejects the row: dropped in silence it would teach something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sft_trainer.contract import RowFormat
from sft_trainer.data.rows import Content, Message, RowRejected
from sft_trainer.data.tool_calls import share_gpt_call, tool_calls, tools_of

CONVERSATIONS = ("messages", "conversations", "conversation")
QUESTIONS, ANSWERS = ("question", "query"), ("answer", "response")
SHARE_GPT_ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bot", "model"), "assistant"),
    "system": "system",
    **dict.fromkeys(("function_call", "tool_call"), "assistant"),
    **dict.fromkeys(("observation", "tool", "tool_response", "function_response"), "tool"),
}
"""The roles of ShareGPT exports, as FastChat, LLaMA-Factory and Axolotl read them."""
SHARE_GPT_CALLS = ("function_call", "tool_call")


def normalise(document: Mapping[str, Any], row_format: RowFormat) -> Content:
    """What one row teaches; raises RowRejected."""
    shape = detect(document) if row_format is RowFormat.AUTO else row_format
    return Content(_NORMALISERS[shape](document), tools_of(document))


def detect(document: Mapping[str, Any]) -> RowFormat:
    """The shape of one row, by its own keys."""
    for key in CONVERSATIONS:
        if key in document:
            return RowFormat.SHARE_GPT if _is_share_gpt(document[key]) else RowFormat.MESSAGES
    if "prompt" in document and "completion" in document:
        return RowFormat.PROMPT_COMPLETION
    if "instruction" in document:
        return RowFormat.ALPACA
    if _first(document, QUESTIONS) and _first(document, ANSWERS):
        return RowFormat.QUESTION_ANSWER
    raise RowRejected("UnknownShape")


def _is_share_gpt(turns: object) -> bool:
    return isinstance(turns, list) and bool(turns) and isinstance(turns[0], dict) and "from" in turns[0]


def _first(document: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if key in document), None)


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


def _opening(document: Mapping[str, Any]) -> tuple[Message, ...]:
    """A `system` field beside the turns."""
    system = _optional_text(document, "system")
    return (Message("system", system),) if system.strip() else ()


def _alpaca(document: Mapping[str, Any]) -> tuple[Message, ...]:
    """instruction, input, output; with LLaMA-Factory's `system` and `history` (earlier pairs of instruction and answer)."""
    parts = (_text(document, "instruction"), _optional_text(document, "input"))
    prompt = "\n\n".join(part for part in parts if part.strip())
    answer = _text(document, "output" if "output" in document or "response" not in document else "response")
    return (*_opening(document), *_history(document), Message("user", prompt), Message("assistant", answer))


def _history(document: Mapping[str, Any]) -> list[Message]:
    turns = []
    for pair in _list(document, "history") if document.get("history") else []:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise RowRejected("BadHistory")
        turns += [Message("user", pair[0]), Message("assistant", pair[1])]
    return turns


def _messages(document: Mapping[str, Any]) -> tuple[Message, ...]:
    key = _first(document, CONVERSATIONS) or CONVERSATIONS[0]
    return (*_opening(document), *(_message(entry) for entry in _list(document, key)))


def _message(entry: object) -> Message:
    if not isinstance(entry, Mapping):
        raise RowRejected("BadMessage")
    role, calls = _text(entry, "role"), tool_calls(entry)
    # The turn that calls a tool often says nothing: OpenAI writes null there.
    content = _optional_text(entry, "content") if calls else _text(entry, "content")
    reasoning, call_id, name = (_optional_text(entry, key) or None for key in ("reasoning_content", "tool_call_id", "name"))
    return Message("tool" if role == "function" else role, content, _is_trained(entry), reasoning, calls, call_id, name)


def _is_trained(entry: Mapping[str, Any]) -> bool:
    """OpenAI's `weight: 0` and `train: false` both exclude a turn from the loss; anything between has no meaning here."""
    weight, train = entry.get("weight", 1), entry.get("train", True)
    if weight not in (0, 1) or not isinstance(train, bool):
        raise RowRejected("TurnWeightNotSupported")
    return bool(weight) and train


def _share_gpt(document: Mapping[str, Any]) -> tuple[Message, ...]:
    key = _first(document, CONVERSATIONS) or "conversations"
    return (*_opening(document), *(_share_gpt_message(entry) for entry in _list(document, key)))


def _share_gpt_message(entry: object) -> Message:
    if not isinstance(entry, Mapping):
        raise RowRejected("BadMessage")
    said, value = _text(entry, "from"), _text(entry, "value")
    if said not in SHARE_GPT_ROLES:
        raise RowRejected("BadRole")
    if said in SHARE_GPT_CALLS:
        return Message("assistant", "", _is_trained(entry), tool_calls=share_gpt_call(value))
    return Message(SHARE_GPT_ROLES[said], value, _is_trained(entry))


def _prompt_completion(document: Mapping[str, Any]) -> tuple[Message, ...]:
    """Strings, or TRL's conversational form, in which both are lists of messages."""
    if isinstance(document.get("prompt"), list):
        return _messages({"messages": _list(document, "prompt")}) + _messages({"messages": _list(document, "completion")})
    return Message("user", _text(document, "prompt")), Message("assistant", _text(document, "completion"))


def _question_answer(document: Mapping[str, Any]) -> tuple[Message, ...]:
    question, answer = _first(document, QUESTIONS) or QUESTIONS[0], _first(document, ANSWERS) or ANSWERS[0]
    turns = Message("user", _text(document, question)), Message("assistant", _text(document, answer))
    return (*_opening(document), *_history(document), *turns)


_NORMALISERS: Mapping[RowFormat, Callable[[Mapping[str, Any]], tuple[Message, ...]]] = {
    RowFormat.ALPACA: _alpaca,
    RowFormat.MESSAGES: _messages,
    RowFormat.SHARE_GPT: _share_gpt,
    RowFormat.PROMPT_COMPLETION: _prompt_completion,
    RowFormat.QUESTION_ANSWER: _question_answer,
}
