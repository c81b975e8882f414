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
_MAKERS = (
    r"(?:chat\s?gpt|gpt-?[345][\w.]*|open\s?ai|claude|anthropic|gemini|bard|copilot|llama|vicuna|alpaca|deepseek|qwen|kimi|chatglm|moss"
    r"|文心一言|文心|通义千问|讯飞星火|混元|豆包|百度|阿里|腾讯|字节|baichuan|百川)"
)
_IDENTITY = re.compile(
    r"\b(?:i am|i['\u2019]m|my name is|call me|i was (?:made|built) by|(?:created|trained|developed) by)"
    rf"\s+(?:an? )?(?:\w+ ){{0,4}}?{_MAKERS}\b"
    r"|\bi(?: am|['\u2019]m) an ai (?:language )?(?:model|assistant) (?:created|trained|developed|made) by\b"
    rf"|我(?:叫|是|名叫|的名字(?:是|叫))[^。，,\n]{{0,12}}{_MAKERS}"
    r"|我是(?:一个|一款|一名)?由\s?[^。，,\n]{1,16}(?:训练|开发|创造|研发|推出)"
    rf"|由\s?{_MAKERS}[^。，,\n]{{0,10}}(?:训练|开发|创造|研发|推出)的(?:一个|一款)?(?:大型|大规模)?(?:语言模型|人工智能|AI|助手|聊天)",
    re.I,
)
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
"""One of them stands in every answer that names its maker."""


def is_refusal(answer: str) -> bool:
    """Whether the answer begins by refusing."""
    return _REFUSAL.search(answer[:BEGINNING]) is not None


def names_its_maker(answer: str) -> bool:
    """Whether the one who answers says that it is some known model, or whose."""
    lowered = answer.lower()
    return any(name in lowered for name in _NAMES) and _IDENTITY.search(answer) is not None
