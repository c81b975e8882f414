"""Answers in which a model says that it is some known one, or whose: learned, they make every other model say it too."""

from __future__ import annotations

import re

_MODELS = (
    *("chat ?gpt", r"gpt-?[345][\w.]*", "vicuna", "deepseek", "qwen", "chatglm", "baichuan"),
    *("文心一言", "通义千问", "讯飞星火", "豆包"),
)
"""Names of nothing else."""
_NAMESAKES = ("claude", "gemini", "bard", "copilot", "llama", "alpaca", "kimi", "moss", "混元", "百川")
"""People, animals and stars have them too: a model is named so where the sentence speaks of one."""
_MAKERS = (
    *("open ?ai", "anthropic", "google", "meta", "microsoft", "lmsys", "large model systems", "moonshot", "deepmind", "mistral"),
    *("百度", "阿里", "腾讯", "字节", "智谱", "复旦", "月之暗面", "深度求索", "科大讯飞", "百川智能", "商汤"),
)
_ANY_MODEL, _ANY_NAMESAKE = "(?:" + "|".join(_MODELS) + ")", "(?:" + "|".join(_NAMESAKES) + ")"
_ANY_MAKER = "(?:" + "|".join((*_MODELS, *_NAMESAKES, *_MAKERS)) + ")"
_MADE, _MADE_ZH = "(?:created|trained|developed|made|built)", "(?:训练|开发|创造|研发|推出|创建|打造)"
_AI = r"(?:\bai\b|artificial intelligence|language model|assistant|chat ?bot)"
_AI_ZH = "(?:模型|人工智能|ai|助手|助理|机器人)"
_BETWEEN = (
    r"(?:(?:an?|the|ai|large|big|language|model|assistant|chat ?bot|virtual|called|named|known as|version of|based on)[ ,]+)"
)
_A = "(?:一个|一款|一名|一种|一位)?"
_IDENTITY = re.compile(
    r"\b(?:(?:i am|i['\u2019]m|my name is|call me)[ ,]+(?:"
    rf"{_BETWEEN}{{0,8}}{_ANY_MODEL}\b"
    rf"|{_BETWEEN}{{0,8}}{_ANY_NAMESAKE}\b[^.!?\n]{{0,60}}(?:{_AI}|\b{_MADE} by {_ANY_MAKER}\b)"
    rf"|{_BETWEEN}{{0,3}}(?:ai|language model|model|assistant|chat ?bot)[ ,]+{_BETWEEN}{{0,4}}{_ANY_NAMESAKE}\b"
    rf"|{_BETWEEN}{{1,6}}(?:(?:and i|that|who) was )?{_MADE} by\b)"
    rf"|i was {_MADE} by {_ANY_MAKER}\b"
    rf"|as an? [^.,\n]{{0,30}}{_AI}[^.,\n]{{0,20}}\b{_MADE} by {_ANY_MAKER}\b)"
)
_IDENTITY_ZH = re.compile(
    "我(?:叫|是|名叫|的名字(?:是|叫))(?:"
    rf"(?:(?!用|通过|使用|喜欢|借助|利用|在|跟|和|问|从|的)[^。，,\n]){{0,8}}?{_ANY_MODEL}"
    r"(?![^。，,\n]{0,6}(?:用户|粉丝|员工|爱好者|工程师|开发者|专家|作者|团队|课))"
    rf"|\s?{_A}\s?{_ANY_NAMESAKE}[^。\n]{{0,20}}(?:{_AI_ZH}|{_MADE_ZH}))"
    rf"|我是(?:{_A}由\s?(?!人类|人们|程序员|爸|妈|父母)[^。，,\n]{{1,16}}{_MADE_ZH}[^。，,\n]{{0,12}}{_AI_ZH}"
    rf"|{_A}(?:基于|来自)?\s?{_ANY_MAKER}[^。，,\n]{{0,10}}{_MADE_ZH}(?:出来)?的[^。，,\n]{{0,12}}{_AI_ZH}"
    rf"|[^。\n]{{0,20}}{_AI_ZH}[^。，,\n]{{0,6}}[，,]\s?(?:是)?由\s?{_ANY_MAKER}[^。，,\n]{{0,8}}{_MADE_ZH}"
    rf"|{_A}基于\s?(?:{_ANY_MAKER}|gpt)[^。，,\n]{{0,8}}{_AI_ZH})"
    rf"|我(?:们?的?)?是?{_A}由\s?{_ANY_MAKER}[^。，,\n]{{0,8}}{_MADE_ZH}"
    rf"|(?:我|本助手|本模型)[^。\n]{{0,12}}由\s?{_ANY_MAKER}[^。，,\n]{{0,10}}{_MADE_ZH}的(?:一个|一款)?(?:大型|大规模)?(?:语言模型|人工智能|ai|助手)"
    rf"|作为{_A}\s?(?:(?:由\s?)?{_ANY_MAKER}[^。，,\n]{{0,8}}{_MADE_ZH}的[^。，,\n]{{0,12}}{_AI_ZH}|{_ANY_MODEL}\s?[，,]\s?我)"
)
"""Both for text in small letters."""
_FIRST_PERSON_ZH = ("我", "由", "作为")
_FIRST_PERSON = (" am ", " am,", "'m ", "\u2019m ", "y name is", "all me", " was ", "s a ", "s an ")
"""Without their first letters, which may be large or small: text with other letters than English ones is slowly made small."""
_NAMES = ("gpt", "\uff47\uff50\uff54", "open", *(name.split(" ?")[0] for name in (*_MODELS[2:], *_NAMESAKES, *_MAKERS[1:])))
_NAMELESS = (" ai ", " ai,", "model", "assistant", "chat", "virtual")
_NAMELESS_ZH = ("模型", "人工智能", "ai", "助手", "助理", "机器人")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)}
"""Full-width letters; the answer that is published keeps them."""


def names_its_maker(answer: str) -> bool:
    """Whether the one who answers says that it is some known model, or whose."""
    is_ascii, holds = answer.isascii(), answer.__contains__
    if not any(map(holds, _FIRST_PERSON)) and (is_ascii or not any(map(holds, _FIRST_PERSON_ZH))):
        return False
    lowered = answer.lower()
    if not _may_name_its_maker(lowered):
        return False
    if is_ascii:
        return _IDENTITY.search(lowered) is not None
    lowered = lowered.translate(_WIDE)
    return _IDENTITY_ZH.search(lowered) is not None or _IDENTITY.search(lowered) is not None


def _may_name_its_maker(lowered: str) -> bool:
    """A quick look that misses none: most answers are not about the one who answers."""
    holds = lowered.__contains__
    if any(map(holds, _NAMES)):
        return True
    if "我是" in lowered:
        return any(map(holds, _NAMELESS_ZH))
    return " by" in lowered and any(map(holds, _NAMELESS))
