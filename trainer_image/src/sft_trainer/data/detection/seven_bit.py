"""Chinese and Japanese written in ASCII: old encodings that are valid UTF-8, and would be learned sign by sign."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from sft_trainer.data.detection.common_characters import share_of_common

ISO_2022 = re.compile(rb"\x1b(?:\$[@AB]|\$\([CD]|\(J)|\\u001b(?:\$[@AB]|\(J)")
HZ = re.compile(rb"~\{(?:[!-~]{2})+?~\}")
UTF_7 = re.compile(rb"\+[A-Za-z0-9/][A-Za-z0-9+/]{4,}-?")
RUNS = 200
"""So many runs of text are decoded: what they hold is clear long before."""
MIN_HAN = 4
MIN_COMMON_PERCENT = 15


def seven_bit_encoding(text: bytes) -> str | None:
    """The name of the encoding that ASCII text is written in, where it is none of its own words."""
    if not text.isascii():
        return None
    if ISO_2022.search(text):
        return "ISO-2022-JP"
    if b"~{" in text and _is_chinese([match[0] for match in islice(HZ.finditer(text), RUNS)], "hz"):
        return "HZ"
    if b"+" in text and _is_chinese([match[0] for match in islice(UTF_7.finditer(text), RUNS)], "utf-7"):
        return "UTF-7"
    return None


def _is_chinese(runs: Sequence[bytes], encoding: str) -> bool:
    decoded = "".join(run.decode(encoding, errors="ignore") for run in runs)
    han, common = share_of_common(decoded)
    return han >= MIN_HAN and han * 2 >= len(decoded) and common * 100 >= MIN_COMMON_PERCENT * han
