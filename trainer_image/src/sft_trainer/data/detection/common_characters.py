"""The characters that real Chinese is full of, and bytes that were decoded wrongly are not."""

from __future__ import annotations

import re

COMMON = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
)
"""The most frequent characters of modern Chinese (Jun Da, Modern Chinese Character Frequency List)."""
_HAN = re.compile("[\u4e00-\u9fff]")
_COMMON = re.compile(f"[{COMMON}]")


def share_of_common(text: str) -> tuple[int, int]:
    """(Chinese characters, the most frequent ones among them)"""
    return len(_HAN.findall(text)), len(_COMMON.findall(text))
