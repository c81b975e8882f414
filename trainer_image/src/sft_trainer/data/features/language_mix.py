"""The language of a row, by the letters it is written in and, for Latin ones, by the commonest words of English and of others.

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
_LATIN = re.compile(r"[A-Za-z]+")
_ENGLISH_WORDS = frozenset(
    """the of and to you your that with what how are for is this from which why it an by be can a in on at was as have or i
    write give name list describe explain create generate""".split()  # noqa: SIM905 - a word list reads better so
)
_OTHER_WORDS = frozenset(
    """der die das und ist nicht ein eine einen einem wie mit von auf zu sich den dem wir ich sie hat hallo danke wer oder auch
    le la les des du et est une un dans pour que qui sur pas vous nous je il elle au aux ce cette bonjour merci comment avec sont
    el los las es y en por con para una como su qué se del lo hola gracias mi al más
    il di che e non per sono ciao grazie della nel gli ma come questo
    o os as um uma não em com do da dos das na no obrigado olá você
    de het een van dat op te zijn voor niet met ook aan maar
    och att det som på är av jag inte på og til ikke med
    i w nie na się jest z do że jak czy dziękuję
    yang dan di ini itu untuk dengan tidak dari pada adalah saya
    bir ve bu için ile ne mi değil
    và của là có không cho một được các ang ng mga sa ay""".split()  # noqa: SIM905 - a word list reads better so
) - frozenset("a i in on an as is was do no me so".split())  # noqa: SIM905
"""The commonest of German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Polish, Indonesian, Turkish, Vietnamese
and Tagalog, without those that are English too."""
HAN_SHARE = 0.15
"""A Chinese question about a program is half English; hardly a text in another language has every seventh letter in Han."""
ENGLISH_WORD_SHARE = 0.08
"""English running text has 35 % of these words, other languages in Latin letters up to 5 % (a, in, on, an are theirs)."""
LATIN_SHARE = 0.9
"""Of the letters, those without accents: English has hardly any other, and what is written in other letters is not English."""
MAX_WORDS_WITHOUT_ENGLISH = 12
"""A title or a name may have none of the commonest words, a longer text has."""
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
    words = text[:JUDGED_CHARACTERS].lower().split()
    return sum(map(_ENGLISH_WORDS.__contains__, words)) / max(1, len(words))


def _characters(runs: re.Pattern[str], text: str) -> int:
    return sum(map(len, runs.findall(text)))


def _of_latin(text: str) -> str:
    """English by its words; where a short text has none of them, by there being none of other languages."""
    lowered = text.lower()
    words = lowered.split()
    english = sum(map(_ENGLISH_WORDS.__contains__, words))
    if words and english >= ENGLISH_WORD_SHARE * len(words):
        return ENGLISH
    if len(words) > MAX_WORDS_WITHOUT_ENGLISH:
        return OTHER
    found = _LETTERS.findall(lowered)
    if not _OTHER_WORDS.isdisjoint(found) or _characters(_LATIN, lowered) < LATIN_SHARE * sum(map(len, found)):
        return OTHER
    return ENGLISH if found else OTHER
