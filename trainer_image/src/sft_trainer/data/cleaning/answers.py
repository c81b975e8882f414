"""Signs that an answer teaches nothing good: it says nothing, breaks off, echoes the question, or is in another language."""

from __future__ import annotations

import re

from sft_trainer.data.features.language_mix import (
    ENGLISH,
    ENGLISH_WORD_SHARE,
    OTHER,
    count_letters,
    is_certainly_other,
    language_of,
    share_of_english_words,
)

MAX_NOTHING = 64
"""Characters that are looked at; dots and blanks go on for no longer."""
_NOTHING = re.compile(
    "[\\s\u3164\uffa0\u115f\u1160\u2800]*(?:[.。·…\u22ef\\s\u3164\u2800]{2,}|…|#?n/a[.。]?|<no(?:output|answer)>)?\\s*", re.I
)
"""Characters that are letters by name and show nothing (Hangul fillers, Braille's blank), dots, what tables hold for no value."""
MIN_ECHO_CHARACTERS = 20
"""Shorter answers are rightly the same as the question now and then: names, numbers, words to translate."""
MIN_TRUNCATED_CHARACTERS = 200
_OPEN_END = re.compile(r"[,，、；;：:(（\[{「『\u201c\u2018—-]\s*$|\b(?:and|or|the|a|an|of|to|in|for|with|is|are)\s*$", re.I)
_WANTS_ANOTHER_LANGUAGE = re.compile(
    r"translat|english|chinese|mandarin|japanese|korean|french|german|spanish|russian|italian|latin|language|code|sql|python|java|html"
    r"|英|中文|汉语|漢|日语|日文|韩|法语|法文|德语|德文|俄语|俄文|西班牙|外语|外文|拉丁|翻译|翻譯|译成|译为|双语|单词|词汇|拼音|罗马|语言|代码|程序|函数"
    r"|\bgit\b|commit|提交信息|品牌|论文|期刊|老外|外国|国外|海外|外贸|外籍",
    re.I,
)
_LANGUAGE_MODEL = re.compile("language models?|语言模型", re.I)
MIN_ENGLISH_WORDS, MIN_FOREIGN_LETTERS = 4, 12
"""A name or two are no English answer, and formulas are in no language."""


def is_nothing(answer: str) -> bool:
    """Whether it only looks like an answer."""
    return _NOTHING.fullmatch(answer[: MAX_NOTHING + 1]) is not None


def is_truncated(answer: str) -> bool:
    """Whether a long answer ends in the middle: of a block of code, a list, a sentence."""
    if len(answer) < MIN_TRUNCATED_CHARACTERS:
        return False
    return answer.count("```") % 2 == 1 or _OPEN_END.search(answer, max(0, len(answer) - 20)) is not None


def echoes(prompt: str, answer: str) -> bool:
    """Whether the answer is the question again."""
    return len(answer) >= MIN_ECHO_CHARACTERS and answer.strip() == prompt.strip()


def is_in_another_language(prompt: str, answer: str) -> bool:
    """Another language than was asked in, where nobody asked for it: a translation, a program, a text of theirs to mend."""
    asked, answered = language_of(prompt), language_of(answer)
    if asked in (answered, OTHER) or not _is_certain(asked, prompt) or not _is_certain(answered, answer):
        return False
    return not wants_another_language(prompt) and not _holds(prompt, answered)


def wants_another_language(asked: str) -> bool:
    """Whether another language than one's own is spoken of, or something that is written in one; a language model is none."""
    return _WANTS_ANOTHER_LANGUAGE.search(_LANGUAGE_MODEL.sub("", asked)) is not None


def _is_certain(language: str, text: str) -> bool:
    """Names, numbers and calls of tools are in any language."""
    if language == ENGLISH:
        is_text = text.lstrip()[:1] not in ("{", "[") and len(text.split()) >= MIN_ENGLISH_WORDS
        return is_text and share_of_english_words(text) >= ENGLISH_WORD_SHARE
    return language != OTHER or (count_letters(text) >= MIN_FOREIGN_LETTERS and is_certainly_other(text))


def _holds(prompt: str, language: str) -> bool:
    """Whether a part of what is asked is in that language; without letters of its own it cannot be told."""
    lines = re.split(r"[\n:：“”\"「」]", prompt)
    if language != ENGLISH:
        return any(language_of(line) == language and (language != OTHER or _is_certain(language, line)) for line in lines)
    return any(len(re.findall(r"[^\W\d_]{2,}", re.sub("[\u3040-\u9fff\uac00-\ud7af]+", " ", line))) >= 3 for line in lines)
