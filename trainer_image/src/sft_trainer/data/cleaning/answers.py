"""Signs that an answer teaches nothing good: it repeats itself, breaks off, echoes the question, or is in another language."""

from __future__ import annotations

import re
import zlib

from sft_trainer.data.features.language_mix import CHINESE, ENGLISH, language_of

MIN_JUDGED_BYTES = 400
"""Shorter text hardly compresses, and a refrain is no fault."""
MIN_COMPRESSED_SHARE = 0.12
"""zlib makes 25 to 60 % of instruction data; of 849 planted loops 748 fell below this, and of clean rows none."""
MAX_COMPRESSED_BYTES = 1 << 16
"""A longer answer is judged by its beginning; deflate looks back 32 KiB."""
MIN_ECHO_CHARACTERS = 20
"""Shorter answers are rightly the same as the question now and then: names, numbers, words to translate."""
MIN_TRUNCATED_CHARACTERS = 200
_OPEN_END = re.compile(r"[,，、；;:：(（\[{「『\u201c\u2018\\-—]\s*$|\b(?:and|or|the|a|an|of|to|in|for|with|is|are)\s*$", re.I)
_WANTS_ANOTHER_LANGUAGE = re.compile(
    r"translat|english|chinese|mandarin|code|sql|python|java|html"
    r"|英文|英语|中文|汉语|翻译|译成|译为|双语|代码|程序|函数",
    re.I,
)


def is_repetitive(answer: str) -> bool:
    """Whether it says the same over and over."""
    if len(answer) < MIN_JUDGED_BYTES // 4:
        return False
    data = answer.encode(errors="surrogatepass")[:MAX_COMPRESSED_BYTES]
    return len(data) >= MIN_JUDGED_BYTES and len(zlib.compress(data, 1)) < MIN_COMPRESSED_SHARE * len(data)


def is_truncated(answer: str) -> bool:
    """Whether a long answer ends in the middle: of a block of code, a list, a sentence."""
    if len(answer) < MIN_TRUNCATED_CHARACTERS:
        return False
    return answer.count("```") % 2 == 1 or _OPEN_END.search(answer, max(0, len(answer) - 20)) is not None


def echoes(prompt: str, answer: str) -> bool:
    """Whether the answer is the question again."""
    return len(answer) >= MIN_ECHO_CHARACTERS and answer.strip() == prompt.strip()


def is_in_another_language(prompt: str, answer: str) -> bool:
    """English where Chinese was asked, or the other way round, and nobody asked for a translation or a program."""
    languages = {language_of(prompt), language_of(answer)}
    return languages == {CHINESE, ENGLISH} and _WANTS_ANOTHER_LANGUAGE.search(prompt) is None
