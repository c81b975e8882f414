"""`<think>` blocks, in which reasoning models think aloud before they answer."""

from __future__ import annotations

import re

MARK = "<think>"
_BLOCK = re.compile(r"<think>.*?(?:</think>\s*|\Z)", re.S)


def without_thinking(answer: str) -> str:
    """What is said after it; a block that does not end takes all with it."""
    return _BLOCK.sub("", answer)
