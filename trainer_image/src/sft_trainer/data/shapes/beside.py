"""What stands in a row beside its turns. What belongs to them must not be left out in silence: it would teach something else.

Names that say where a row comes from and what it is like are known. Any other text, list or object is taken for a part of
what is asked, unless it repeats the turns.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Any

from sft_trainer.data.rows import Message, RowRejected

PREFERENCES = frozenset({"chosen", "rejected", "kto_tag"})
NOT_USED, PREFERENCE_ROW, NOT_TEXT = "ColumnNotUsed", "PreferenceRow", "NotText"
_NAMES = """
    resource resources original_question original_instruction original_answer original_response orig_question orig_answer
    openai_moderation detoxify_moderation moderation hashed_ip redacted toxic
    id ids idx index uid uuid guid qid pid rid sid cid key no number num row line seq order hash md5 sha1 sha256
    digest source sources src origin from dataset datasource corpus file filename path url urls uri link links href
    repo website site domain domains subdomain category categories subcategory cat type types kind task tasks subtask
    tag tags topic topics subject subjects department genre theme group level grade difficulty complexity intent skill
    skills ability abilities capability keyword keywords label labels score scores rating ratings rank quality reward
    rewards upvotes downvotes votes likes views weight confidence perplexity ppl similarity length len lang language
    languages locale split subset config version license licence copyright author authors annotator annotators creator
    contributor user username worker model models generator engine provider temperature top_p seed date time datetime
    timestamp created updated year month tokens usage finish_reason status state name title meta metadata meta_data
    _id _ids cate region channel reviewer email publisher isbn citation citations task_name_in_eng
    meta_info info extra extra_info additional_info misc remark remarks comment comments note notes answer_from
    avatarurl language_code lang_code task_major task_minor 编号 序号 来源 数据来源 类别 分类 类型 标签 科室 难度 语言
    领域 日期 时间 作者 评分 分数 备注 标题 链接 主题 关键词 版本 任务 任务类型 年级 学科 科目 章节
"""
ABOUT_THE_ROW = frozenset(_NAMES.split())
_ABOUT_THE_ROW = re.compile(
    r"(?:is|has|num|n|nb)_\w+|__index_level_\d+__|unnamed: \d+"
    r"|\w+_(?:ids?|idx|index|key|hash|md5|sha256|uuid|urls?|uri|links?|path|filename|source|sources|types?|category|categories|tags?"
    r"|labels?|scores?|rating|rewards?|rank|lang|language|name|names|models?|version|date|time|timestamp|at|by|counts?|num|number"
    r"|len|length|tokens|ratio|rate|probs?|probability|ppl|perplexity|quality|difficulty|level|domain|topic|dataset|split|status"
    r"|licen[cs]e|configs?|similarity|distance|generator|verified)"
)
_MEDIA = re.compile(
    r"(?:image|img|picture|photo|audio|video|speech|pixel_value)s?(?:_?(?:url|path|file|id|name|list|bytes|base64|data)s?)?"
    r"|图片|图像|音频|视频",
    re.IGNORECASE,
)
_VERDICT = re.compile(r"(?:is_|response_is_|answer_is_)?(?:response_|answer_)?(?:safe|correct|good|valid|accepted|acceptable)")
_OPTION = re.compile(r"[a-h]|(?:opt?|options?|choices?)_?[a-h0-9]?|选项.?")
_UNNAMED = re.compile(r"column \d+")
LABELS: tuple[object, ...] = (0, 1, "0", "1", "true", "false")
"""Of a column `label`: whether an answer is a good one (True equals 1). Other labels name a class."""
TURNS = frozenset({"messages", "conversations", "conversation", "chat", "dialog", "dialogue", "history", "instruction", "prompt"})
"""Names of what is said."""
TEMPLATE_CHARACTERS = 600
"""What a prompt template says around a row: Alpaca's takes 200."""


class Kind(Enum):
    """What a name beside the turns may hold."""

    MEDIUM = auto()
    LABEL = auto()
    VERDICT = auto()
    OPTION = auto()
    OTHER = auto()


Watched = tuple[tuple[str, Kind], ...]


def is_medium(name: str) -> bool:
    """Whether it holds a picture or a sound by its name."""
    return _MEDIA.fullmatch(name) is not None


def is_about_the_row(name: str) -> bool:
    """Whether it says where a row comes from or what it is like."""
    plain = name.strip().lower().replace("-", "_")
    return plain in ABOUT_THE_ROW or _ABOUT_THE_ROW.fullmatch(plain) is not None


def watched(names: Iterable[str], used: Collection[str], *, is_conversation: bool) -> Watched:
    """The names whose values decide whether rows can be read without them. A conversation says itself all that was asked, unless
    there are turns beside it."""
    kinds = ((name, _kind(name)) for name in names if name not in used and name not in ("tools", "functions"))
    return tuple(
        (name, kind)
        for name, kind in kinds
        if kind is not None and not (is_conversation and kind in (Kind.OTHER, Kind.OPTION) and name not in TURNS)
    )


def _kind(name: str) -> Kind | None:
    plain = name.strip().lower().replace("-", "_")
    if is_medium(plain):
        return Kind.MEDIUM
    if plain == "label":
        return Kind.LABEL
    if _VERDICT.fullmatch(plain):
        return Kind.VERDICT
    if _OPTION.fullmatch(plain):
        return Kind.OPTION
    return None if is_about_the_row(plain) else Kind.OTHER


def check(row: Mapping[str, Any], names: Watched, turns: Sequence[Message], used: Collection[str]) -> None:
    """Raises RowRejected when something that belongs to the turns would be left out."""
    for name, kind in names:
        value = row[name]
        if kind is Kind.VERDICT:
            if value is not None and str(value).lower() in ("false", "0", "0.0", "no"):
                raise RowRejected(PREFERENCE_ROW)
        elif kind is Kind.LABEL:
            if (value.lower() if isinstance(value, str) else value) in LABELS:
                raise RowRejected(PREFERENCE_ROW)
        elif _is_nothing(value):
            continue
        elif kind is Kind.MEDIUM:
            raise RowRejected(NOT_TEXT)
        elif kind is Kind.OPTION or _is_left_out(name, value, row, turns, used):
            raise RowRejected(NOT_USED)


def left_out(row: Mapping[str, Any], names: Watched) -> list[str]:
    """Of a row that was rejected for it: the names that may belong to what is asked."""
    return [name for name, kind in names if kind in (Kind.OPTION, Kind.OTHER) and not _is_nothing(row[name])]


def _is_nothing(value: object) -> bool:
    return value is None or value is False or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _is_left_out(name: str, value: object, row: Mapping[str, Any], turns: Sequence[Message], used: Collection[str]) -> bool:
    """Numbers and truth values measure a row; a text may repeat a turn, or be the whole row in a prompt template."""
    if isinstance(value, bool | int | float):
        return False
    if not isinstance(value, str) or (_UNNAMED.fullmatch(name) and value.isdecimal()):
        return not isinstance(value, str)
    said = value.strip()
    if any(said == turn.content.strip() or (said in turn.content and turn.role in ("user", "system")) for turn in turns):
        return False
    fields = [field for name in used if isinstance(field := row.get(name), str)]
    return not (_is_rendering(said, fields) or _is_rendering(said, [turn.content for turn in turns]))


def _is_rendering(said: str, parts: Sequence[str]) -> bool:
    return bool(parts) and all(part.strip() in said for part in parts) and len(said) <= sum(map(len, parts)) + TEMPLATE_CHARACTERS
