"""What instructions ask for, as pairs of a verb and its object, as in Self-Instruct (Wang et al. 2023, arXiv 2212.10560).

No parser, which would need a model: English by a list of the verbs that instructions begin with and the place of words, Chinese
by the kinds of words of a dictionary. Neither is right for every sentence; over thousands of rows they show what is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import rjieba

from sft_trainer.data.features.language_mix import CHINESE

Pair = tuple[str, str]

METHOD = (
    "English: the first verb of a list of those that instructions use, and the last word of the noun phrase after it. "
    "Chinese: the first verb and the head noun after it, kinds of words by jieba's dictionary (rjieba)."
)
VERBS = frozenset(
    """add analyze answer arrange assign brainstorm build calculate categorize change check choose cite classify clean
    combine compare complete compose compute conclude condense construct contrast convert copy correct count
    create critique debug decide deduce define demonstrate derive describe design detect determine develop
    diagnose differentiate discuss divide draft draw edit elaborate eliminate enter estimate evaluate examine
    expand explain express extract fill filter find fix follow format formulate generate give group guess help
    highlight hypothesize identify illustrate imagine implement improve include infer insert interpret invent
    join justify label list locate make match measure merge modify multiply name narrate offer optimize order
    organize outline paraphrase perform plan point predict prepare present prioritize produce propose prove
    provide rank rate read rearrange recall recite recommend reduce refactor remove rename reorder rephrase
    replace report reply research respond restate revise rewrite score search select send separate shorten show
    simplify solve sort specify split state structure subtract suggest sum summarize tell test transform
    translate turn unscramble update use validate verify visualize write""".split()  # noqa: SIM905
)
_ENGLISH_WORD = re.compile(r"[a-z]+(?:[-'][a-z]+)*|[^\sa-z]")
_DETERMINERS = frozenset(
    ["a", "an", "the", "this", "that", "these", "those", "some", "any", "each", "every", "my", "your", "our"]
)
_SKIPPED = _DETERMINERS | {"all", "both", "me", "us", "his", "her", "its", "their", "you", "it"}
_ENDS_PHRASE = frozenset(
    """of for about that which who whom whose to in on at by with from into as between among during using through over
    under and or but if when where why how what so because than is are was were be been has have had can could
    should would will may might do does did per via without within against based given containing describing
    including such""".split()  # noqa: SIM905
)
MAX_PHRASE_WORDS = 8
"""A longer stretch without a preposition is a list or no sentence."""
MAX_SEARCHED_WORDS = 40
"""The request stands in front; what follows is material to work on."""

_CHINESE_LEADS = frozenset(
    "请 帮 帮忙 帮助 能 能够 可以 可 要 需要 想 想要 希望 让 请问 麻烦 是 有 会 来 去 使用 根据 给定 假设 进行".split()  # noqa: SIM905 - a word list reads better so
)
_CHINESE_END = re.compile("[\\s。！？；，：、.!?;,:\n]")
_COVERBS = frozenset("把将")
_PARTICLE = "的"


def verb_object(instruction: str, language: str) -> Pair | None:
    """The first pair of an instruction, if one is found."""
    return _chinese_pair(instruction) if language == CHINESE else _english_pair(instruction)


def _english_pair(instruction: str) -> Pair | None:
    words = _ENGLISH_WORD.findall(instruction.lower(), 0, 500)[:MAX_SEARCHED_WORDS]
    for position, word in enumerate(words):
        if word in VERBS and not (position and words[position - 1] in _DETERMINERS):
            head = _english_head(words[position + 1 : position + 1 + MAX_PHRASE_WORDS])
            if head:
                return word, head
    return None


def _english_head(words: Sequence[str]) -> str | None:
    """The last word before the noun phrase ends: `a short story about` gives `story`."""
    head = None
    for word in words:
        if word in _ENDS_PHRASE or not word[0].isalnum():
            break
        if word not in _SKIPPED and word[0].isalpha():
            head = word
    return _singular(head) if head else None


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def _chinese_pair(instruction: str) -> Pair | None:
    words = rjieba.tag(instruction[:200])[:MAX_SEARCHED_WORDS]
    for position, (word, kind) in enumerate(words):
        if kind in ("v", "vn") and word not in _CHINESE_LEADS:
            head = _object_before(words[:position]) or _chinese_head(words[position + 1 : position + 1 + 2 * MAX_PHRASE_WORDS])
            if head:
                return word, head
    return None


def _object_before(words: Sequence[tuple[str, str]]) -> str | None:
    """The object that a coverb puts before its verb."""
    coverb = next((place for place, (word, _) in enumerate(words) if word in _COVERBS), None)
    return None if coverb is None else _chinese_head(words[coverb + 1 :])


def _chinese_head(words: Sequence[tuple[str, str]]) -> str | None:
    """The last noun of the phrase. A verb ends it, unless it belongs to an attribute, which a later particle tells."""
    phrase: list[tuple[str, str]] = []
    for word, kind in words:
        if _CHINESE_END.match(word) or kind == "c":
            break
        phrase.append((word, kind))
    particle = max((position for position, (word, _) in enumerate(phrase) if word == _PARTICLE), default=-1)
    head = None
    for position, (word, kind) in enumerate(phrase):
        if position > particle and kind in ("v", "p"):
            break
        if position > particle and kind[0] in "nl" and len(word) > 1:
            head = word
    return head
