"""A field map for a row of an unknown shape, as a beginning: its owner knows better."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from sft_trainer.data.shapes.beside import PREFERENCES, is_about_the_row, is_medium
from sft_trainer.data.shapes.conversations import CONVERSATIONS

_ANSWER = re.compile(r"answer|response|output|repl(?:y|ies)|completion|target|solution|chosen|答|输出|回复", re.IGNORECASE)
_THOUGHT = re.compile(r"cot|reason|think|thought|rationale|system", re.IGNORECASE)
_QUESTION = re.compile(r"question|query|prompt|instruction|ask|problem|user|问|指令|提问", re.IGNORECASE)


def suggestion(row: Mapping[str, Any], meant: Collection[str] = ()) -> str:
    """`{prompt: ..., input: ..., response: ...}`, by names that say so, and else by place; `meant` are inputs first."""
    for name in CONVERSATIONS:
        if isinstance(row.get(name), list):
            return f"{{messages: {name}}}"
    texts = [name for name in row if _may_be_text(name, row[name])] or list(row)
    answer = _last(texts, _ANSWER) or (texts[-1] if texts else "RESPONSE")
    rest = [name for name in texts if name != answer]
    question = next(filter(_QUESTION.search, rest), rest[0] if rest else "PROMPT")
    given = next((name for name in (*meant, *rest) if name not in (question, answer) and name not in PREFERENCES), None)
    return f"{{prompt: {question}, {f'input: {given}, ' if given else ''}response: {answer}}}"


def _may_be_text(name: str, value: object) -> bool:
    """A list is no text, an option alone no question, and a chain of thought is not what is asked."""
    is_other = name == "rejected" or is_about_the_row(name) or is_medium(name) or len(name) == 1 or _THOUGHT.search(name)
    return not is_other and not isinstance(value, list | dict)


def _last(names: list[str], pattern: re.Pattern[str]) -> str | None:
    return next(filter(pattern.search, reversed(names)), None)
