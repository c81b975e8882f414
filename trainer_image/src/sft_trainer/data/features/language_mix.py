"""The language of a row, by the letters it is written in and, for Latin ones, by the commonest words of English.

Enough for a mix and to tell Chinese from English; what else there is, it only calls other.
"""

from __future__ import annotations

import re

ENGLISH, CHINESE, JAPANESE, KOREAN = "en", "zh", "ja", "ko"
OTHER = "other"
JUDGED_CHARACTERS = 300
"""A row's beginning says its language; a whole book would only cost more."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_KANA = re.compile("[\u3040-\u30ff]+")
_HANGUL = re.compile("[\uac00-\ud7af]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_ENGLISH_WORDS = frozenset(
    """the of and to you your that with what how are for is this from which why it an by be can a in on at was as have or i
    write give name list describe explain create generate""".split()  # noqa: SIM905 - a word list reads better so
)
HAN_SHARE = 0.15
"""A Chinese question about a program is half English; hardly a text in another language has every seventh letter in Han."""
ENGLISH_WORD_SHARE = 0.08
"""English running text has 35 % of these words, other languages in Latin letters up to 5 % (a, in, on, an are theirs)."""
KANA_SHARE = 0.1
"""Of Han and kana together: Chinese text names a Japanese word now and then, Japanese is half kana."""


def language_of(text: str) -> str:
    """`en`, `zh`, `ja`, `ko` or `other`."""
    begin = text[:JUDGED_CHARACTERS]
    if begin.isascii():
        return _of_latin(begin)
    letters = _characters(_LETTERS, begin)
    han = _characters(_HAN, begin)
    kana = _characters(_KANA, begin)
    if han + kana >= HAN_SHARE * letters and han + kana:
        return JAPANESE if kana > KANA_SHARE * (han + kana) else CHINESE
    if letters and _characters(_HANGUL, begin) >= HAN_SHARE * letters:
        return KOREAN
    return _of_latin(begin)


def _characters(runs: re.Pattern[str], text: str) -> int:
    return sum(map(len, runs.findall(text)))


def _of_latin(text: str) -> str:
    words = text.lower().split()
    return ENGLISH if words and sum(map(_ENGLISH_WORDS.__contains__, words)) >= ENGLISH_WORD_SHARE * len(words) else OTHER
