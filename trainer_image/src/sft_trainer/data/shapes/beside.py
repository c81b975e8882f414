"""What stands in a row beside its turns. What belongs to them must not be left out in silence: it would teach something else.

Names that say where a row comes from and what it is like are known. Any other text, list or object is taken for a part of
what is asked, unless it repeats the turns. Names that may mean either, and numbers, are judged over a whole source
(source_columns.py, docs/design/0005).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from sft_trainer.data.rows import Message, RowRejected
from sft_trainer.data.tool_calls import TOOLS

PREFERENCES = frozenset({"chosen", "rejected", "kto_tag"})
NOT_USED, PREFERENCE_ROW, NOT_TEXT = "ColumnNotUsed", "PreferenceRow", "NotText"
_WITHOUT_MEANING = """
    id ids _id _ids idx index key uid uuid guid qid pid rid sid cid hash md5 sha1 sha256 digest hashed_ip dataset datasource
    corpus filename path url urls uri link links href repo website site split subset config version license licence copyright
    author authors annotator annotators creator contributor username worker model models generator engine provider temperature
    top_p seed date time datetime timestamp created updated tokens usage finish_reason meta metadata meta_data meta_info
    openai_moderation detoxify_moderation moderation redacted toxic ppl perplexity score scores rating ratings rank reward rewards
    upvotes downvotes votes likes views quality similarity confidence avatarurl isbn reviewer email publisher original_question
    original_instruction original_answer orig_question orig_answer answer_from task_name_in_eng 编号 序号 来源 数据来源 日期 时间
    作者 评分 分数 链接 版本
"""
MEANINGLESS = frozenset(_WITHOUT_MEANING.split())
"""Names about the row that cannot mean anything to an answer."""
_OFTEN_MEANT = """
    title topic topics theme keyword keywords comment comments note notes remark remarks info extra_info additional_info
    标题 主题 关键词 备注
"""
SUBJECTS = frozenset(_OFTEN_MEANT.split())
"""Names about the row that are as often what it is about."""
_OF_ITS_KIND = """
    resource resources original_response no number num row line seq order source sources src origin from file domain domains
    subdomain category categories subcategory cat cate type types kind task tasks subtask tag tags subject subjects department
    genre group level grade difficulty complexity intent skill skills ability abilities capability label labels weight length len
    lang language languages locale user year month status state name region channel citation citations related_diseases
    extra misc language_code lang_code task_major task_minor
    类别 分类 类型 标签 科室 难度 语言 领域 任务 任务类型 年级 学科 科目 章节
"""
ABOUT_THE_ROW = MEANINGLESS | SUBJECTS | frozenset(_OF_ITS_KIND.split())
"""And names that sort rows, or say what a row is like."""
_IN_ANOTHER_LANGUAGE = r"(?:en|zh)_(?:instruction|input|output)|(?:instruction|input|output)_(?:en|zh)"
"""Sets in two languages hold each field twice."""
_MEANINGLESS_FORMS = (
    r"(?:is|has|num|n|nb)_\w+|__index_level_\d+__|unnamed: \d+|" + _IN_ANOTHER_LANGUAGE + r"|\w+_(?:"
    r"ids?|idx|index|key|hash|md5|sha256|uuid|urls?|uri|links?|path|filename|scores?|rating|rewards?|rank|models?|version|date|time"
    r"|timestamp|at|by|counts?|len|length|tokens|ratio|rate|probs?|probability|ppl|perplexity|quality|dataset|split|licen[cs]e"
    r"|configs?|similarity|distance|generator|verified)"
)
_FORMS_OF_ITS_KIND = (
    r"\w+_(?:source|sources|types?|category|categories|tags?|labels?|lang|language|name|names|num|number|difficulty|level|domain|topic"
    r"|status)"
)
_MEANINGLESS = re.compile(_MEANINGLESS_FORMS)
_ABOUT_THE_ROW = re.compile(f"{_MEANINGLESS_FORMS}|{_FORMS_OF_ITS_KIND}")
_MEDIA = re.compile(
    r"(?:image|img|picture|photo|audio|video|speech|pixel_value)s?(?:_?(?:url|path|file|id|name|list|bytes|base64|data)s?)?"
    r"|图片|图像|音频|视频",
    re.IGNORECASE,
)
_VERDICT = re.compile(r"(?:is_|response_is_|answer_is_)?(?:response_|answer_)?(?:safe|correct|good|valid|accepted|acceptable)")
_OPTION = re.compile(r"[a-h]|(?:opt?|options?|choices?)_?[a-h0-9]?|选项.?")
_NUMBER = re.compile(r"\s*(?:[-+]?\d{1,40}(?:\.\d{0,40})?(?:[eE][-+]?\d{1,4})?|true|false)\s*", re.IGNORECASE)
LEAST_BYTES = 8
"""Of a text that stands in another: a word, or three Chinese characters."""
LABELS: tuple[object, ...] = (0, 1, "0", "1", "true", "false")
"""Of a column `label`: whether an answer is a good one (True equals 1). Other labels name a class."""
TURNS = frozenset({"messages", "conversations", "conversation", "chat", "dialog", "dialogue", "history", "instruction", "prompt"})
"""Names of what is said."""
_WHO_AND_WHAT = ("role", "content")
_OF_A_TURN = """
    role content from value name tool_calls tool_call_id function_call weight train loss reasoning_content reasoning thinking
    refusal annotations audio parsed markdown text user assistant human gpt
"""
OF_A_TURN = frozenset(_OF_A_TURN.split())
"""What a turn may hold: it is read, or says in another form what is read."""
TEMPLATE_CHARACTERS = 600
"""What a prompt template says around a row: Alpaca's takes 200."""


class Kind(Enum):
    """What a name beside the turns may hold."""

    MEDIUM = auto()
    LABEL = auto()
    VERDICT = auto()
    OPTION = auto()
    OTHER = auto()
    CLASS = auto()
    """Says what a row is like, unless the questions speak of it."""
    SUBJECT = auto()
    """May be what a row is about."""


Counted = tuple[tuple[str, Kind], ...]
Watched = tuple[tuple[str, Kind], ...]


def _is_translated(name: str, used: Collection[str]) -> bool:
    """Beside a target, a source is what was to be translated."""
    return name in ("source", "src") and not {"target", "targets"}.isdisjoint(used)


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
    kinds = ((name, _kind(name)) for name in names if name not in used and name not in TOOLS)
    kinds = ((name, Kind.OTHER if _is_translated(name, used) else kind) for name, kind in kinds)
    return tuple(
        (name, kind)
        for name, kind in kinds
        if kind is not None and not (is_conversation and kind in (Kind.OTHER, Kind.OPTION) and name.lower() not in TURNS)
    )


def counted(names: Iterable[str], used: Collection[str]) -> Counted:
    """The names of rows that ask once whose meaning shows over the whole source only."""
    kinds = ((name, _kind(name) or _kind_about_the_row(name, used)) for name in names if name not in used)
    return tuple((name, kind) for name, kind in kinds if kind in (Kind.CLASS, Kind.SUBJECT, Kind.OTHER) and name not in TOOLS)


def _kind_about_the_row(name: str, used: Collection[str]) -> Kind | None:
    plain = name.strip().lower().replace("-", "_")
    # In medical sets the patient's words stand in `ask`, and `title` is their summary.
    if plain in MEANINGLESS or _MEANINGLESS.fullmatch(plain) or (plain == "title" and "ask" in used):
        return None
    return Kind.SUBJECT if plain in SUBJECTS else Kind.CLASS


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
        elif is_nothing(value):
            continue
        elif kind is Kind.MEDIUM:
            raise RowRejected(NOT_TEXT)
        elif kind is Kind.OPTION or _is_left_out(value, row, turns, used):
            raise RowRejected(NOT_USED)


def check_turns(entries: Sequence[object]) -> None:
    """Raises RowRejected when a turn holds something beside who says what that may belong to it."""
    if any(left_out_of_turn(entry) for entry in entries if isinstance(entry, dict) and len(entry) > len(_WHO_AND_WHAT)):
        raise RowRejected(NOT_USED)


def left_out_of_turn(entry: Mapping[str, Any]) -> list[str]:
    """The names in a turn that may belong to what it says."""
    return [
        name for name, value in entry.items() if not _is_known_of_a_turn(name) and not is_nothing(value) and not is_number(value)
    ]


@lru_cache(maxsize=1_000)
def _is_known_of_a_turn(name: str) -> bool:
    return name in OF_A_TURN or is_about_the_row(name)


def left_out(row: Mapping[str, Any], names: Watched) -> list[str]:
    """Of a row that was rejected for it: the names that may belong to what is asked."""
    return [name for name, kind in names if kind in (Kind.OPTION, Kind.OTHER) and not is_nothing(row[name])]


def is_said(value: str, turns: Sequence[Message]) -> bool:
    """Whether a text repeats a turn, or stands in what is asked: whole, and long enough not to do so by chance."""
    said = value.strip()
    is_long = len(said.encode(errors="replace")) >= LEAST_BYTES
    return any(
        said == turn.content.strip() or (is_long and turn.role in ("user", "system") and said in turn.content) for turn in turns
    )


def is_number(value: object) -> bool:
    """In a table, numbers and truth values are text."""
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, bool | int | float)


def is_nothing(value: object) -> bool:
    """Whether a field says nothing."""
    return value is None or value is False or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _is_left_out(value: object, row: Mapping[str, Any], turns: Sequence[Message], used: Collection[str]) -> bool:
    """Numbers and truth values are judged over the whole source; a text may repeat a turn, or be the row in a template."""
    if is_number(value):
        return False
    if not isinstance(value, str):
        return True
    said = value.strip()
    if is_said(said, turns):
        return False
    fields = [field for name in used if isinstance(field := row.get(name), str)]
    return not (_is_rendering(said, fields) or _is_rendering(said, [turn.content for turn in turns]))


def _is_rendering(said: str, parts: Sequence[str]) -> bool:
    return bool(parts) and all(part.strip() in said for part in parts) and len(said) <= sum(map(len, parts)) + TEMPLATE_CHARACTERS
