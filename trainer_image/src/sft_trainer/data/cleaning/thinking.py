"""`<think>` blocks, in which reasoning models think aloud before they answer."""

from __future__ import annotations

import re

_BEGIN, _END = r"<(?:think|thinking)>|<\|begin_of_thought\|>", r"</(?:think|thinking)>|<\|end_of_thought\|>"
_MENTIONED = "(?<![`'\"\u201c\u2018「])"
"""A mark between quotes is talked about."""
_MARK = re.compile(rf"{_MENTIONED}(?:{_BEGIN})|^.*?{_MENTIONED}(?:{_END})[ \t]*\n", re.S)
_BLOCK = re.compile(rf"{_MENTIONED}(?:{_BEGIN}).*?(?:(?:{_END})\s*|\Z)", re.S)
_OPENED_BY_TEMPLATE = re.compile(rf"\A(?:(?!{_BEGIN}).)*?{_MENTIONED}(?:{_END})[ \t]*\n\s*", re.S)
"""Templates open the block in the prompt, so that the answer begins within it."""


def thinks(answer: str) -> bool:
    """Whether it thinks aloud."""
    return ("think" in answer or "of_thought" in answer) and _MARK.search(answer) is not None


def without_thinking(answer: str) -> str:
    """What is said after it; a block that does not end takes all with it."""
    return _BLOCK.sub("", _OPENED_BY_TEMPLATE.sub("", answer))
