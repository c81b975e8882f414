"""Which parts of a row are converted from one Chinese script to the other: not programs, and no row that is about the scripts."""

from __future__ import annotations

import re
from collections.abc import Callable

_IS_ABOUT_SCRIPT = re.compile(r"[繁简簡正][体體]|[繁简簡]化?字|\b(?:traditional|simplified)\b", re.I)
_CODE = re.compile(r"(```[\s\S]*?(?:```|\Z)|`[^`\n]+`)")


def is_about_script(row: str) -> bool:
    """Whether it names the scripts; then the one or the other is what it asks for."""
    return _IS_ABOUT_SCRIPT.search(row) is not None


def outside_code(text: str, convert: Callable[[str], str]) -> str:
    """Converted but for blocks and spans of code."""
    if "`" not in text:
        return convert(text)
    return "".join(part if place % 2 else convert(part) for place, part in enumerate(_CODE.split(text)))
