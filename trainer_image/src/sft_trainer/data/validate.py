"""Whether a conversation can be learned from."""

from __future__ import annotations

from collections.abc import Sequence

from sft_trainer.data.rows import Message, RowRejected

ROLES = ("system", "user", "assistant")


def validate(messages: Sequence[Message]) -> None:
    """Raises RowRejected with the first thing that is wrong."""
    if any(message.role not in ROLES for message in messages):
        raise RowRejected("BadRole")
    turns = messages[1:] if messages and messages[0].role == "system" else messages
    _check_order(turns)
    for turn in turns:
        if not turn.content.strip():
            raise RowRejected("EmptyPrompt" if turn.role == "user" else "EmptyAnswer")


def _check_order(turns: Sequence[Message]) -> None:
    """user, assistant, user, assistant, ...: chat templates render nothing else alike."""
    expected = ["user", "assistant"] * (len(turns) // 2)
    if not turns or not any(turn.role == "assistant" for turn in turns):
        raise RowRejected("NoAnswer")
    if [turn.role for turn in turns] != expected:
        raise RowRejected("RoleOrder")
