"""The language of a row, by the letters it is written in and, for Latin ones, by the commonest words of English and of others.

Enough for a mix and to tell Chinese from English; what else there is, it only calls other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

ENGLISH, CHINESE, JAPANESE, KOREAN = "en", "zh", "ja", "ko"
OTHER = "other"
JUDGED_CHARACTERS = 300
"""A row's beginning says its language; a whole book would only cost more."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_KANA = re.compile("[\u3040-\u30ff]+")
_HANGUL = re.compile("[\uac00-\ud7af]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z]+")
_ANY_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_ENGLISH_WORDS = frozenset(
    """the of and to you your that with what how are for is this from which why it an by be can a in on at was as have or i
    write give name list describe explain create generate""".split()  # noqa: SIM905 - a word list reads better so
)
_OTHER_WORDS = frozenset(
    """der das und ist nicht ein eine einen einem wie mit von auf zu sich den dem wir ich sie danke wer oder auch hallo
    le la les du et est une dans que qui vous nous je il elle au aux ce cette bonjour merci comment avec sont ces
    el los las es en por para una como su qué se del lo hola gracias mi al más yo está
    di che sono ciao grazie della nel gli questo
    uma não com da das na obrigado olá você
    de het een dat op te zijn voor niet ook aan maar
    och att det som på är av jag inte på og ikke
    nie na się jest że jak czy dziękuję
    yang ini itu untuk dengan tidak dari pada adalah saya
    bir ve bu için ile değil
    và của là có không cho một được các ang ng mga""".split()  # noqa: SIM905 - a word list reads better so
)
"""The commonest of German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Polish, Indonesian, Turkish, Vietnamese
and Tagalog, without those that English has too."""
HAN_SHARE = 0.15
"""A Chinese question about a program is half English; hardly a text in another language has every seventh letter in Han."""
ENGLISH_WORD_SHARE = 0.08
"""English running text has 35 % of these words, other languages in Latin letters up to 5 % (a, in, on, an are theirs)."""
LATIN_SHARE = 0.9
"""Of the letters, those without accents: English has hardly any other, and what is written in other letters is not English."""
OTHER_WORD_SHARE = 0.08
"""The same of the words of others; English has few of them, in names (Los Angeles, de Gaulle)."""
KANA_SHARE = 0.1
"""Of Han and kana together: Chinese text names a Japanese word now and then, Japanese is half kana."""


def language_of(text: str) -> str:
    """`en`, `zh`, `ja`, `ko` or `other`."""
    begin = text[:JUDGED_CHARACTERS]
    if begin.isascii():
        return _of_latin(begin)
    letters = count_letters(begin)
    han = _characters(_HAN, begin)
    kana = _characters(_KANA, begin)
    if han + kana >= HAN_SHARE * letters and han + kana:
        return JAPANESE if kana > KANA_SHARE * (han + kana) else CHINESE
    if letters and _characters(_HANGUL, begin) >= HAN_SHARE * letters:
        return KOREAN
    return _of_latin(begin)


def count_letters(text: str) -> int:
    """Of any script, in the beginning of a text."""
    return _characters(_LETTERS, text[:JUDGED_CHARACTERS])


def share_of_english_words(text: str) -> float:
    """How many of the words at its beginning are among the commonest of English."""
    return _share(_ENGLISH_WORDS, text[:JUDGED_CHARACTERS].lower().split())


def is_certainly_other(text: str) -> bool:
    """Whether it is in no language that is told here, and not only without words: by its letters, or by its commonest words."""
    begin = text[:JUDGED_CHARACTERS].lower()
    letters = _LETTERS.findall(begin)
    count = sum(map(len, letters))
    return count > 0 and (2 * _characters(_ANY_LATIN, begin) < count or _share(_OTHER_WORDS, letters) >= OTHER_WORD_SHARE)


def _share(words: frozenset[str], of: Sequence[str]) -> float:
    return sum(map(words.__contains__, of)) / max(1, len(of))


def _characters(runs: re.Pattern[str], text: str) -> int:
    return sum(map(len, runs.findall(text)))


def _of_latin(text: str) -> str:
    """English by its words; where it has none of them, by having none of other languages: lists and titles."""
    lowered = text.lower()
    words = lowered.split()
    english = sum(map(_ENGLISH_WORDS.__contains__, words))
    if words and english >= ENGLISH_WORD_SHARE * len(words):
        return ENGLISH
    found = _LETTERS.findall(lowered)
    if not found or _share(_OTHER_WORDS, found) >= OTHER_WORD_SHARE:
        return OTHER
    return ENGLISH if _characters(_LATIN, lowered) >= LATIN_SHARE * sum(map(len, found)) else OTHER
