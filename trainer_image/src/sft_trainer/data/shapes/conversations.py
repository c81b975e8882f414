"""Rows that hold a list of turns: with roles, as OpenAI writes them; from and value (ShareGPT); pairs (Firefly)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sft_trainer.data.rows import Message, RowRejected
from sft_trainer.data.shapes.fields import Document, first_of, items, opening, optional_text, text
from sft_trainer.data.tool_calls import share_gpt_call, tool_calls

CONVERSATIONS = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat")
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
Turns = tuple[Message, ...]


def conversation_of(document: Document) -> str | None:
    """The field that holds the turns."""
    return first_of(document, CONVERSATIONS)


def messages(document: Document) -> Turns:
    """role and content."""
    name = conversation_of(document) or CONVERSATIONS[0]
    return (*opening(document), *(_message(entry) for entry in items(document, name)))


def _message(entry: object) -> Message:
    if not isinstance(entry, Mapping):
        raise RowRejected("BadMessage")
    role, calls = text(entry, "role"), tool_calls(entry)
    # The turn that calls a tool often says nothing: OpenAI writes null there.
    content = optional_content(entry) if calls else _content(entry)
    reasoning, call_id, name = (optional_text(entry, key) or None for key in ("reasoning_content", "tool_call_id", "name"))
    return Message(ROLES.get(role, role), content, _is_trained(entry), reasoning, calls, call_id, name)


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
    """OpenAI's `weight: 0` and `train: false` both exclude a turn from the loss; anything between has no meaning here."""
    weight, train = entry.get("weight", 1), entry.get("train", True)
    if weight not in (0, 1, None) or not isinstance(train, bool | None):
        raise RowRejected("TurnWeightNotSupported")
    return weight != 0 and train is not False


def share_gpt(document: Document) -> Turns:
    """from and value."""
    name = conversation_of(document) or "conversations"
    return (*opening(document), *(_share_gpt_message(entry) for entry in items(document, name)))


def _share_gpt_message(entry: object) -> Message:
    if not isinstance(entry, Mapping):
        raise RowRejected("BadMessage")
    said, value = text(entry, "from"), text(entry, "value")
    if said not in SHARE_GPT_ROLES:
        raise RowRejected("BadRole")
    if said in SHARE_GPT_CALLS:
        return Message("assistant", "", _is_trained(entry), tool_calls=share_gpt_call(value))
    return Message(SHARE_GPT_ROLES[said], value, _is_trained(entry))


def pair_turns(document: Document) -> Turns:
    """human and assistant in one entry, two turns each."""
    name = conversation_of(document) or "conversation"
    turns = []
    for entry in items(document, name):
        if not isinstance(entry, Mapping):
            raise RowRejected("BadMessage")
        turns += [Message("user", text(entry, "human")), Message("assistant", text(entry, "assistant"))]
    return (*opening(document), *turns)
