"""Rows that hold a list of turns: with roles, as OpenAI writes them; from and value (ShareGPT); pairs (Firefly)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sft_trainer.data.rows import Message, RowRejected
from sft_trainer.data.shapes.beside import is_medium
from sft_trainer.data.shapes.fields import (
    SYSTEMS,
    Document,
    Reader,
    Turns,
    cased,
    first_of,
    items,
    opened,
    optional_text,
    reader,
    text,
)
from sft_trainer.data.tool_calls import share_gpt_call, tool_calls

CONVERSATIONS = cased("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat")
SHARE_GPT_ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bot", "model"), "assistant"),
    "system": "system",
    **dict.fromkeys(("function_call", "tool_call", "function-call"), "assistant"),
    **dict.fromkeys(("observation", "tool", "tool_response", "function_response", "ipython", "function"), "tool"),
}
"""The roles of ShareGPT exports, as FastChat, LLaMA-Factory and Axolotl read them."""
SHARE_GPT_CALLS = ("function_call", "tool_call", "function-call")
ROLES = {"function": "tool", "developer": "system", "ipython": "tool"}
"""OpenAI's names, old and new, and Llama's, where templates know others."""
REASONING = ("reasoning_content", "reasoning", "thinking")
"""What a model thinks before it answers, in the names that APIs give it."""
PLAIN = 2
"""Entries of an ordinary turn: who, and what."""


def messages_reader(names: Collection[str], field: str | None = None) -> Reader:
    """role and content, in the field that is given or the first that there is."""
    return _conversation_reader(names, field or first_of(names, CONVERSATIONS) or CONVERSATIONS[0], messages)


def messages(entries: Iterable[object]) -> Turns:
    """A list of role and content."""
    return tuple(map(_message, entries))


def _conversation_reader(names: Collection[str], field: str, turns_of: Callable[[list[Any]], Turns]) -> Reader:
    system = first_of(names, SYSTEMS)

    def read(document: Document) -> Turns:
        return opened(document, system, turns_of(items(document, field)))

    return reader(read, field, system)


def _message(entry: object) -> Message:
    if not isinstance(entry, Mapping):
        raise RowRejected("BadMessage")
    if len(entry) == PLAIN and type(entry.get("content")) is str:
        role = text(entry, "role")
        return Message(ROLES.get(role, role), entry["content"])
    _check_media(entry)
    role, calls = text(entry, "role"), tool_calls(entry)
    # The turn that calls a tool often says nothing: OpenAI writes null there.
    content = optional_content(entry) if calls else _content(entry)
    reasoning = optional_text(entry, first_of(entry, REASONING) or REASONING[0])
    call_id, name = (optional_text(entry, key) or None for key in ("tool_call_id", "name"))
    return Message(ROLES.get(role, role), content, _is_trained(entry), reasoning or None, calls, call_id, name)


def _check_media(entry: Mapping[str, Any]) -> None:
    if any(entry[name] for name in entry if is_medium(name)):
        raise RowRejected("NotText")


def optional_content(entry: Mapping[str, Any]) -> str:
    """Empty where there is none."""
    return _content(entry) if entry.get("content") is not None else ""


def _content(entry: Mapping[str, Any]) -> str:
    """Text, or a list of parts that are all text."""
    if not isinstance(entry.get("content"), list):
        return text(entry, "content")
    parts = []
    for part in entry["content"]:
        if not isinstance(part, Mapping) or part.get("type") != "text":
            raise RowRejected("NotText")
        parts.append(text(part, "text" if "text" in part else "value"))
    return "".join(parts)


def _is_trained(entry: Mapping[str, Any]) -> bool:
    """OpenAI's `weight: 0`, `train: false` and ms-swift's `loss: false` exclude a turn; anything between has no meaning here."""
    weight, train, loss = entry.get("weight", 1), entry.get("train", True), entry.get("loss", True)
    if weight not in (0, 1, None) or loss not in (0, 1, None) or not isinstance(train, bool | None):
        raise RowRejected("TurnWeightNotSupported")
    return weight != 0 and loss != 0 and train is not False


def share_gpt_reader(names: Collection[str], field: str | None = None) -> Reader:
    """from and value."""
    return _conversation_reader(names, field or first_of(names, CONVERSATIONS) or "conversations", _share_gpt)


def _share_gpt(entries: Iterable[object]) -> Turns:
    return tuple(map(_share_gpt_message, entries))


def _share_gpt_message(entry: object) -> Message:
    if not isinstance(entry, Mapping):
        raise RowRejected("BadMessage")
    said, value = text(entry, "from"), text(entry, "value")
    role = SHARE_GPT_ROLES.get(said)
    if role is None:
        raise RowRejected("BadRole")
    if len(entry) == PLAIN and said not in SHARE_GPT_CALLS:
        return Message(role, value)
    _check_media(entry)
    if said in SHARE_GPT_CALLS:
        return Message(role, "", _is_trained(entry), tool_calls=share_gpt_call(value))
    return Message(role, value, _is_trained(entry))


def pair_turns_reader(names: Collection[str], field: str | None = None) -> Reader:
    """human and assistant in one entry, two turns each."""
    return _conversation_reader(names, field or first_of(names, CONVERSATIONS) or "conversation", _pair_turns)


def _pair_turns(entries: Iterable[object]) -> Turns:
    turns: list[Message] = []
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise RowRejected("BadMessage")
        turns += [Message("user", text(entry, "human")), Message("assistant", text(entry, "assistant"))]
    return tuple(turns)
