"""Answers that came apart: a model says one thing again and again. Plans, tables and lists say alike things, which differ."""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left

MIN_JUDGED_BYTES = 400
"""What is shorter is a refrain, and no fault."""
_TAKEN_PIECES, PIECE = (0.3, 0.5, 0.7, 0.9), 8
"""Pieces of eight characters at these places: where nine tenths of an answer have been there before, one of them has."""
MAX_COMPRESSED_SHARE, MAX_COMPRESSED_BYTES = 0.35, 1 << 16
"""zlib makes 25 to 60 % of instruction data. A longer answer is looked at by its beginning; deflate looks back 32 KiB."""
LOOKED_AT, LOOP_PIECE, MAX_PERIODS = (1.0, 0.75, 0.5, 0.25), 12, 4
"""Where a loop is looked for: one of these places is in every loop that is long enough. Its period is told by where a piece of it
stood before; the piece may stand several times in what is repeated."""
MIN_LOOPED_SHARE, MIN_LOOPS = 0.3, 5
"""A loop is one thing, letter for letter, this many times in a row and a third of the answer."""
MIN_REFRAINS = 16
"""The same in songs and poems."""
MIN_SENTENCES, MAX_DISTINCT_SHARE, MIN_SENTENCE_BYTES = 16, 0.2, 12
"""Or a few sentences in any order. Shorter ones are marks, verdicts and answers to cross off."""
_NO_PROSE = re.compile(
    r"```[\s\S]*?(?:```|\Z)|^[ \t]*[|+>#].*$|^(?!.{200})(?:[ \t]*<.*>|.*[;{}|\]],?|.*\w\(.*\)|.*(?:_{3}|\.{6}))[ \t]*$"
    r"|^[\W\d_]*$|^[ \t]*(?:\S[ \t]+){3,}\S?[ \t]*$|^[ \t]*(?:[0-9A-Fa-f]{2}[ \t]+){3,}.*$|^[ACGTUN\s]{20,}$",
    re.M,
)
"""Programs, mark-up, tables, drawings, forms, bytes and genes: lines that are alike by their nature."""
_LIST_MARK = re.compile(
    r"^[ \t]*(?:[-*•·●]|\(?\d{1,4}[.)、．）:：]|[①-⑳]|[一二三四五六七八九十]{1,3}[、.．])[ \t]*(?=.{10}|[\u4e00-\u9fff]{5})", re.M
)
"""An item that is numbered and the same as all others says nothing new; any other number in it makes it another one."""
_SENTENCE_END = re.compile(r"[。！？!?；;\n]+|\.\s")
_ASKS_TO_REPEAT = re.compile(
    r"\b(?:repeat|write|say|print|type|copy|output|generate|sing|chant)\b[^.\n]{0,80}\b(?:\d{2,}\s(?:times|lines|copies)"
    r"|over and over)\b"
    r"|(?:写|说|抄|念|打印|输出|生成|唱|读|喊|重[复複])[^。，,\n]{0,12}(?:\d{2,}|[十百千万]|几百|几千)\s*(?:遍|次|行)",
    re.I,
)
_ASKS_FOR_VERSE = re.compile(
    r"\b(?:songs?|lyrics?|poems?|poetry|verses?|rhymes?|chorus|refrain|chants?|mantra|hymn|haiku|rap)\b|歌|诗|詩|词牌|童谣|儿谣|说唱|副歌|叠句|经文|佛号|咒|口号"
    "|顺口溜|绕口令",
    re.I,
)


def is_repetitive(answer: str, prompt: str = "") -> bool:
    """Whether it says the same over and over, as a whole or for a long part; `prompt` may have asked for it."""
    if len(answer) < MIN_JUDGED_BYTES // 4 or not _may_be_repetitive(answer):
        return False
    prose = _LIST_MARK.sub("", _NO_PROSE.sub("", answer))
    if _ASKS_FOR_VERSE.search(prompt):
        is_loop = _holds_loop(prose, MIN_REFRAINS)
    else:
        is_loop = _holds_loop(prose, MIN_LOOPS) or _says_few_things(prose)
    return is_loop and not _ASKS_TO_REPEAT.search(prompt)


def _may_be_repetitive(answer: str) -> bool:
    """A quick look: most answers have nothing of it."""
    for share in _TAKEN_PIECES:
        place = int(share * (len(answer) - PIECE))
        if answer.find(answer[place : place + PIECE]) < place:
            return _shrinks(answer) or _holds_loop(answer, MIN_LOOPS)
    end = len(answer) - LOOP_PIECE
    return answer.find(answer[end:]) < end and _holds_loop_at(answer, end, MIN_LOOPS)


def _shrinks(text: str) -> bool:
    data = text.encode(errors="surrogatepass")[:MAX_COMPRESSED_BYTES]
    return len(data) >= MIN_JUDGED_BYTES and len(zlib.compress(data, 1)) < MAX_COMPRESSED_SHARE * len(data)


def _holds_loop(text: str, loops: int) -> bool:
    return any(_holds_loop_at(text, int(share * (len(text) - LOOP_PIECE)), loops) for share in LOOKED_AT)


def _holds_loop_at(text: str, place: int, loops: int) -> bool:
    """Whether a long part of it around this place is one thing said `loops` times; the last time may break off."""
    piece, before = text[place : place + LOOP_PIECE], place
    for _ in range(MAX_PERIODS):
        before = text.rfind(piece, 0, before + LOOP_PIECE - 1)
        period = place - before
        if before < 0 or period * loops > len(text):
            return False
        begin = place - _common_end(text[:place], text[:before])
        end = place + _common_beginning(text[place:], text[before:])
        looped = end - begin + period
        is_long = looped >= MIN_LOOPED_SHARE * len(text) and looped >= loops * period
        if is_long and len(text[begin - period : end].encode(errors="surrogatepass")) >= MIN_JUDGED_BYTES:
            return True
    return False


def _common_end(one: str, other: str) -> int:
    """How many characters at their ends are the same; halves what is left, so that it costs little."""
    lengths = range(1, min(len(one), len(other)) + 1)
    return bisect_left(lengths, True, key=lambda length: one[-length:] != other[-length:])


def _common_beginning(one: str, other: str) -> int:
    """The same at their beginnings."""
    lengths = range(1, min(len(one), len(other)) + 1)
    return bisect_left(lengths, True, key=lambda length: one[:length] != other[:length])


def _says_few_things(text: str) -> bool:
    """Whether it is a few sentences, each of them many times."""
    sentences = [sentence for sentence in map(str.strip, _SENTENCE_END.split(text)) if sentence]
    if len(sentences) < MIN_SENTENCES or len(text.encode(errors="surrogatepass")) < MIN_SENTENCE_BYTES * len(sentences):
        return False
    return len(set(sentences)) <= MAX_DISTINCT_SHARE * len(sentences) and _shrinks(text)
