"""The language of a row, by the letters it is written in and, for Latin ones, by the commonest words of English.

Enough for a dataset's mix; it decides nothing about a row.
"""

from __future__ import annotations

import re

ENGLISH, CHINESE, JAPANESE, KOREAN = "en", "zh", "ja", "ko"
OTHER = "other"
JUDGED_CHARACTERS = 300
"""A row's beginning says its language; a whole book would only cost more."""

_HAN = re.compile("[㐀-䶿一-鿿豈-﫿]")
_KANA = re.compile("[぀-ヿ]")
_HANGUL = re.compile("[가-힯]")
_LETTER = re.compile(r"[^\W\d_]")
_ENGLISH_WORD = re.compile(
    r"\b(?:the|of|and|to|you|your|that|with|what|how|are|for|is|write|give|this|from|which|why|it|an|by|be|can)\b", re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z]+")
HAN_SHARE = 0.15
"""A Chinese question about a program is half English; hardly a text in another language has every seventh letter in Han."""
ENGLISH_WORD_SHARE = 0.06
"""English running text has 25 % of these words, other languages in Latin letters 2 %; lists and titles lie between."""
KANA_SHARE = 0.1
"""Of Han and kana together: Chinese text names a Japanese word now and then, Japanese is half kana."""


def language_of(text: str) -> str:
    """`en`, `zh`, `ja`, `ko` or `other`."""
    begin = text[:JUDGED_CHARACTERS]
    if begin.isascii():
        return _of_latin(begin)
    letters = len(_LETTER.findall(begin))
    han = len(_HAN.findall(begin))
    kana = len(_KANA.findall(begin))
    if han + kana >= HAN_SHARE * letters and han + kana:
        return JAPANESE if kana > KANA_SHARE * (han + kana) else CHINESE
    if len(_HANGUL.findall(begin)) >= HAN_SHARE * max(letters, 1):
        return KOREAN
    return _of_latin(begin)


def _of_latin(text: str) -> str:
    words = len(_WORD.findall(text))
    return ENGLISH if words and len(_ENGLISH_WORD.findall(text)) >= ENGLISH_WORD_SHARE * words else OTHER
