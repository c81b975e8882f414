"""MOSS: `chat` holds turn_1, turn_2, ..., each with what was said between markers (github.com/OpenMOSS/MOSS, SFT_data)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from sft_trainer.data.rows import Message, RowRejected
from sft_trainer.data.shapes.fields import Document, Reader, Turns, first_of, optional_text, reader, text

TURN = re.compile(r"turn_(\d{1,4})")
_SPEAKER = re.compile(r"^\s*<\|(?:Human|MOSS|Inner Thoughts|Commands|Results)\|>\s*:\s*")
_END = re.compile(r"\s*<eo[hmtcr]>\s*$")
TOOL_FIELDS = ("Commands", "Tool Responses")


def is_moss(chat: object) -> bool:
    """Whether a conversation's field is MOSS's."""
    return isinstance(chat, Mapping) and any(TURN.fullmatch(str(name)) for name in chat)


def moss_reader(names: Collection[str]) -> Reader:
    """What Human and MOSS said. Turns that call tools, in a language of their own, are not carried over."""
    return reader(_moss, "chat", first_of(names, ("meta_instruction",)))


def _moss(document: Document) -> Turns:
    chat = document.get("chat")
    if not isinstance(chat, Mapping):
        raise RowRejected("MissingField")
    numbered = sorted((int(match[1]), name) for name in chat if (match := TURN.fullmatch(name)))
    turns: list[Message] = []
    for _, name in numbered:
        turns += _turn(chat[name])
    instruction = optional_text(document, "meta_instruction")
    return (*((Message("system", instruction),) if instruction.strip() else ()), *turns)


def _turn(turn: object) -> tuple[Message, Message]:
    if not isinstance(turn, Mapping):
        raise RowRejected("BadMessage")
    if any(_said(optional_text(turn, name)) not in ("", "None") for name in TOOL_FIELDS):
        raise RowRejected("MossTools")
    return Message("user", _said(text(turn, "Human"))), Message("assistant", _said(text(turn, "MOSS")))


def _said(marked: str) -> str:
    return _END.sub("", _SPEAKER.sub("", marked)).strip()
