"""Answers that refuse, and answers in which a model says whose it is: learned, they make every other model say it too."""

from __future__ import annotations

import re

BEGINNING = 200
"""Characters of an answer in which a refusal stands: later on, the same words are mostly quoted."""
_CANNOT = r"(?:can(?:no|['\u2019])?t|can not|am (?:not able|unable)(?: to)?|won['\u2019]t)"
_REFUSAL = re.compile(
    r"^\W*(?:i['\u2019]?m (?:really |very |so )?sorry|sorry|i apologi[sz]e|unfortunately|as an ai\b[^.]{0,60}),?[^.]{0,80}"
    rf"\bi\b[^.]{{0,20}}\b(?:{_CANNOT}|do(?:n['\u2019]t| not) (?:have|feel))\b"
    rf"|^\W*i {_CANNOT} (?:assist|help|fulfil|comply|provide|answer|create|generate|write)"
    r"|^\W*(?:很抱歉|非常抱歉|抱歉|对不起|不好意思)[，,！!。]?[^。\n]{0,40}(?:无法|不能|没办法|没有办法|不可以)"
    r"|^\W*作为(?:一个|一名|一款)?(?:人工智能|AI|语言模型)[^。\n]{0,40}(?:无法|不能|没有能力|不具备|没有)"
    r"|^\W*我(?:无法|不能)(?:提供|回答|协助|帮助|满足|完成)",
    re.I,
)
_MODELS = (
    r"(?:chat\s?gpt|gpt-?[345][\w.]*|claude|gemini|bard|copilot|llama|vicuna|alpaca|deepseek|qwen|kimi|chatglm|moss|baichuan"
    r"|文心一言|通义千问|讯飞星火|混元|豆包|百川)"
)
_MAKERS = (
    rf"(?:{_MODELS}|open\s?ai|anthropic|google|meta|microsoft|lmsys|moonshot"
    r"|百度|阿里\w{0,2}|腾讯|字节\w{0,2}|智谱\w{0,2}|复旦\w{0,2})"
)
_BETWEEN = (
    r"(?:(?:an?|the|ai|large|big|language|model|assistant|chat ?bot|virtual|called|named|known as|version of|based on)[ ,]+)"
)
_IDENTITY = re.compile(
    rf"\b(?:i am|i['\u2019]m|my name is|call me)[ ,]+{_BETWEEN}{{0,8}}{_MODELS}\b"
    rf"|\bi(?: am|['\u2019]m) {_BETWEEN}{{1,6}}(?:(?:and i|that|who) was )?(?:created|trained|developed|made|built) by\b"
    rf"|\bi was (?:created|trained|developed|made|built) by {_MAKERS}\b"
    rf"|我(?:叫|是|名叫|的名字(?:是|叫))[^。，,\n]{{0,8}}{_MODELS}"
    r"|我是(?:一个|一款|一名)?由\s?[^。，,\n]{1,16}(?:训练|开发|创造|研发|推出|创建)"
    rf"|由\s?{_MAKERS}[^。，,\n]{{0,10}}(?:训练|开发|创造|研发|推出|创建)的"
    r"(?:一个|一款)?(?:大型|大规模)?(?:语言模型|人工智能|AI|助手|聊天)",
    re.I,
)
_FIRST_PERSON = ("i am", "i'm", "i\u2019m", "my name", "call me", "i was", "我", "由")
_NAMES = (
    *("gpt", "open", "claude", "anthropic", "gemini", "bard", "copilot", "llama", "vicuna", "alpaca", "deepseek", "qwen", "kimi"),
    *(
        "chatglm",
        "moss",
        "baichuan",
        "an ai",
        "文心",
        "通义",
        "星火",
        "混元",
        "豆包",
        "百度",
        "阿里",
        "腾讯",
        "字节",
        "百川",
        "我是",
    ),
)
"""Of both one stands in every answer that names its maker; most answers are not about the one who answers."""


def is_refusal(answer: str) -> bool:
    """Whether the answer begins by refusing."""
    return _REFUSAL.search(answer[:BEGINNING]) is not None


def names_its_maker(answer: str) -> bool:
    """Whether the one who answers says that it is some known model, or whose."""
    lowered = answer.lower()
    return (
        any(words in lowered for words in _FIRST_PERSON)
        and any(name in lowered for name in _NAMES)
        and _IDENTITY.search(answer) is not None
    )
