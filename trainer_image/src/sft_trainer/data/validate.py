"""Whether a conversation can be learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sft_trainer.data.rows import Message, RowRejected

FOLLOWERS: Mapping[str, frozenset[str]] = {
    "start": frozenset({"user"}),
    "user": frozenset({"assistant"}),
    "assistant": frozenset({"user"}),
    "calling": frozenset({"tool"}),
    "tool": frozenset({"tool", "assistant"}),
}
"""Which role may come after which: chat templates render nothing else alike. `calling` is an assistant that calls a tool."""
ROLES = frozenset({"system", "user", "assistant", "tool"})


def validate(messages: Sequence[Message]) -> None:
    """Raises RowRejected with the first thing that is wrong."""
    if _is_plain_pair(messages):
        return
    if any(message.role not in ROLES for message in messages):
        raise RowRejected("BadRole")
    turns = messages[1:] if messages and messages[0].role == "system" else messages
    if not any(turn.role == "assistant" for turn in turns):
        raise RowRejected("NoAnswer")
    if not any(turn.role == "assistant" and turn.train for turn in turns):
        raise RowRejected("NothingTrained")
    _check_order(turns)
    for turn in turns:
        if _is_blank(turn.content) and not turn.tool_calls and turn.role != "tool":
            raise RowRejected("EmptyPrompt" if turn.role == "user" else "EmptyAnswer")


def _is_plain_pair(messages: Sequence[Message]) -> bool:
    """One question and its answer, in nine of ten rows of most sets: told at a glance."""
    if len(messages) != 2:
        return False
    asked, answered = messages
    is_pair = asked.role == "user" and answered.role == "assistant" and answered.train
    return is_pair and not (asked.tool_calls or _is_blank(asked.content) or _is_blank(answered.content))


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def _check_order(turns: Sequence[Message]) -> None:
    before = "start"
    for turn in turns:
        if turn.role not in FOLLOWERS[before]:
            raise RowRejected("RoleOrder")
        before = "calling" if turn.tool_calls else turn.role
    if before not in ("assistant", "calling"):
        raise RowRejected("RoleOrder")
