"""How much of a file's content an error shows: enough to recognise it, and no half of anything."""

from __future__ import annotations

import re

MAX_CHARACTERS = 40
_HALF_WORD = re.compile(r"[^\s,;:\"'，。；：、]+\Z")


def excerpt(text: str) -> str:
    """The beginning of the first line, in quotes. It ends between words: who masks numbers finds them whole, or not at all."""
    line = (text.lstrip().splitlines() or [""])[0]
    if len(line) <= MAX_CHARACTERS:
        return f"'{line}'"
    return f"'{_HALF_WORD.sub('', line[:MAX_CHARACTERS])}...'"
