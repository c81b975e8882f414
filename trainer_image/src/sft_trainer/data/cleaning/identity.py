"""Answers in which a model says that it is some known one, or whose: learned, they make every other model say it too."""

from __future__ import annotations

import re
from itertools import islice

_MODELS = (
    *("chat ?gpt", r"gpt-?[345][\w.]*", "vicuna", "deepseek", "qwen", "chatglm", "baichuan"),
    *("文心一言", "通义千问", "讯飞星火"),
)
"""Names of nothing else."""
_NAMESAKES = ("claude", "gemini", "bard", "copilot", "llama", "alpaca", "kimi", "moss", "混元", "百川", "豆包")
"""People, animals, buns and stars have them too: a model is named so where the sentence speaks of one."""
_MAKERS = (
    *("open ?ai", "anthropic", "google", "meta", "microsoft", "lmsys", "large model systems", "moonshot", "deepmind", "mistral"),
    *("百度", "阿里", "腾讯", "字节", "智谱", "复旦", "月之暗面", "深度求索", "科大讯飞", "百川智能", "商汤"),
)
_ANY_MODEL, _ANY_NAMESAKE = "(?:" + "|".join(_MODELS) + ")", "(?:" + "|".join(_NAMESAKES) + ")"
_ANY_MAKER = "(?:" + "|".join((*_MODELS, *_NAMESAKES, *_MAKERS)) + ")"
_MADE, _MADE_ZH = "(?:created|trained|developed|made|built)", "(?:训练|开发|创造|研发|推出|创建|打造)"
_AI = r"(?:\bai\b|artificial intelligence|language model|assistant|chat ?bot)"
_NAMED_AI = (
    r"(?:\bai\b|artificial intelligence|language model|chat ?bot"
    r"|\b(?:an|your|virtual|helpful|digital|intelligent|personal|conversational) assistant)"
)
"""Behind a name that people have: they are assistants too."""
_AI_ZH = "(?:模型|人工智能|ai|助手|助理|机器人)"
_BETWEEN = (
    r"(?:(?:an?|the|ai|large|big|language|model|assistant|chat ?bot|virtual|called|named|known as|version of|based on)[ ,]+)"
)
_A = "(?:一个|一款|一名|一种|一位)?"
_IDENTITY = re.compile(
    r"\b(?:(?:i am|i['\u2019]m|my name is|call me)[ ,]+(?:"
    rf"{_BETWEEN}{{0,8}}{_ANY_MODEL}\b"
    rf"|{_BETWEEN}{{0,8}}{_ANY_NAMESAKE}\b[^.!?\n]{{0,60}}(?:{_NAMED_AI}|\b{_MADE} by {_ANY_MAKER}\b)"
    rf"|{_BETWEEN}{{0,3}}(?:ai|language model|model|assistant|chat ?bot)[ ,]+{_BETWEEN}{{0,4}}{_ANY_NAMESAKE}\b"
    rf"|{_BETWEEN}{{1,6}}(?:(?:and i|that|who) was )?{_MADE} by\b)"
    rf"|i was (?:(?:created|trained|developed|built) by {_ANY_MAKER}\b(?! as (?!an? (?:ai|large|language|virtual|assistant)))"
    rf"|made by {_ANY_MAKER}\b(?! to (?!help|assist|answer|be |provide)))"
    rf"|as an? [^.,\n]{{0,30}}{_AI}[^.,\n]{{0,20}}\b{_MADE} by {_ANY_MAKER}\b)"
)
_IDENTITY_ZH = re.compile(
    "我(?:叫|是|名叫|的名字(?:是|叫))(?:"
    rf"(?:(?!用|通过|使用|喜欢|借助|利用|在|跟|和|问|从|的)[^。，,\n]){{0,8}}?{_ANY_MODEL}"
    r"(?![^。，,\n]{0,6}(?:用户|粉丝|员工|爱好者|工程师|开发者|专家|作者|团队|课))"
    rf"|\s?{_A}\s?{_ANY_NAMESAKE}[^。\n]{{0,20}}(?:{_AI_ZH}|{_MADE_ZH}|为[你您]服务|可以(?:帮|为)[你您]))"
    rf"|我是(?:{_A}由\s?(?!人类|人们|程序员|爸|妈|父母)[^。，,\n]{{1,16}}{_MADE_ZH}[^。，,\n]{{0,12}}{_AI_ZH}"
    rf"|{_A}(?:基于|来自)?\s?{_ANY_MAKER}[^。，,\n]{{0,10}}{_MADE_ZH}(?:出来)?的[^。，,\n]{{0,12}}{_AI_ZH}"
    rf"|[^。\n]{{0,20}}{_AI_ZH}[^。，,\n]{{0,6}}[，,]\s?(?:是)?由\s?{_ANY_MAKER}[^。，,\n]{{0,8}}{_MADE_ZH}"
    rf"|{_A}基于\s?(?:{_ANY_MAKER}|gpt)[^。，,\n]{{0,8}}{_AI_ZH})"
    rf"|我(?:们?的?)?是?{_A}由\s?{_ANY_MAKER}[^。，,\n]{{0,8}}{_MADE_ZH}(?!出?来?的(?![^。，,\n]{{0,14}}(?:{_AI_ZH}|程序)))"
    rf"|(?:我|本助手|本模型)[^。\n]{{0,12}}由\s?{_ANY_MAKER}[^。，,\n]{{0,10}}{_MADE_ZH}的(?:一个|一款)?(?:大型|大规模)?(?:语言模型|人工智能|ai|助手)"
    rf"|作为{_A}\s?(?:(?:由\s?)?{_ANY_MAKER}[^。，,\n]{{0,8}}{_MADE_ZH}的[^。，,\n]{{0,12}}{_AI_ZH}|{_ANY_MODEL}\s?[，,]\s?我)"
)
"""Both for text in small letters."""
_FIRST_PERSON_ZH = ("我", "由", "作为")
_FIRST_PERSON = (
    " am ",
    " am,",
    "'m ",
    "\u2019m ",
    "y name is",
    "all me",
    "I was ",
    "i was ",
    "as a ",
    "as an ",
    "As a ",
    "As an ",
)
"""With first letters both large and small, or without them: text with other letters than English ones is slowly made small."""
_NAMES = ("gpt", "\uff47\uff50\uff54", "open", *(name.split(" ?")[0] for name in (*_MODELS[2:], *_NAMESAKES, *_MAKERS[1:])))
_NAMELESS = (" ai ", " ai,", "model", "assistant", "chat", "virtual")
_NAMELESS_ZH = ("模型", "人工智能", "ai", "助手", "助理", "机器人")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)}
"""Full-width letters; the answer that is published keeps them."""
_QUOTES = (("\u201c", "\u201d"), ("「", "」"), ("『", "』"))
_WHOLLY_QUOTED = re.compile(r"\s*(?:\"[^\"]*\"|\u201c[^\u201d]*\u201d|「[^」]*」)\s*")
"""An answer between quotes is still the one who answers."""
_SAID = re.compile(
    r"(?:[说道问写喊]|[^\s回]答|[^\s，。]回答|\b(?:said|says|replied|replies|answered|answers|wrote|asked))\s?[:：,，]\s?$"
)
_SPEAKER, _SPEAKERS = (
    re.compile(r"[ \t*]*([^\W\d_][^\n:：*]{0,19}?)[* \t]*[:：]"),
    re.compile(r"^[ \t*]*([^\W\d_][^\n:：*]{0,19}?)[* \t]*[:：]", re.M),
)
MIN_SPEAKERS = 2
"""Names before colons that make a play."""
_ITSELF = frozenset(
    {"assistant", "ai", "answer", "response", "output", "a", "gpt", "chatgpt", "助手", "回答", "答", "答案", "回复", "输出"}
)
"""Who answers puts these before an answer."""
MAX_LOOKED_AT = 20
"""Names in one answer: where so many are said by others, all are."""


def names_its_maker(answer: str) -> bool:
    """Whether the one who answers says that it is some known model, or whose."""
    is_ascii, holds = answer.isascii(), answer.__contains__
    if not any(map(holds, _FIRST_PERSON)) and (is_ascii or not any(map(holds, _FIRST_PERSON_ZH))):
        return False
    lowered = answer.lower()
    if not _may_name_its_maker(lowered):
        return False
    if is_ascii:
        return _says(_IDENTITY, lowered)
    lowered = lowered.translate(_WIDE)
    return _says(_IDENTITY_ZH, lowered) or _says(_IDENTITY, lowered)


def _says(identity: re.Pattern[str], lowered: str) -> bool:
    return any(not _is_of_another(lowered, found.start()) for found in islice(identity.finditer(lowered), MAX_LOOKED_AT))


def _is_of_another(text: str, place: int) -> bool:
    """Whether what is said here is said by someone else: in a quotation, a program, a play."""
    line = text[text.rfind("\n", 0, place) + 1 : place]
    if text.count("```", 0, place) % 2 or line.count("`") % 2:
        return True
    if _is_quoted(line) and not _WHOLLY_QUOTED.fullmatch(text):
        return True
    return _SAID.search(line) is not None or _is_of_a_play(text, line)


def _is_of_a_play(text: str, line: str) -> bool:
    speaker = _SPEAKER.match(line)
    if speaker is None or speaker[1] in _ITSELF:
        return False
    return len(set(_SPEAKERS.findall(text)) - _ITSELF) >= MIN_SPEAKERS


def _is_quoted(line: str) -> bool:
    return line.count('"') % 2 == 1 or any(line.count(opening) > line.count(closing) for opening, closing in _QUOTES)


def _may_name_its_maker(lowered: str) -> bool:
    """A quick look that misses none: most answers are not about the one who answers."""
    holds = lowered.__contains__
    if any(map(holds, _NAMES)):
        return True
    if "我是" in lowered:
        return any(map(holds, _NAMELESS_ZH))
    return " by" in lowered and any(map(holds, _NAMELESS))
