"""Defects that are planted in rows: as they are met in the wild, and such that cleaning says it finds them.

Numbers have right check digits and none is one that documentation shows; keys have their makers' forms and random letters. All of
it is random, and belongs to nobody but by accident. Nothing here asks the engine what it finds: the check digits are reckoned
here, after ISO 7064 and ISO 7812.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Callable, Mapping
from typing import NamedTuple

CHINESE, ENGLISH = "zh", "en"
BROKEN_JSON = "broken_json"

HIGH = re.compile(r"[^\x00-\x7f]{1,12}")
LETTERS_AND_DIGITS = string.ascii_letters + string.digits
MOBILE_BEGINNINGS = ("135", "138", "150", "159", "177", "186", "189", "199")
BIRTH_PLACES = ("110105", "310104", "440106", "510107", "330106", "420106")
CARD_BEGINNINGS = ("622202", "621700", "622848", "4539", "5218")
"""Of banks in China, Visa, Mastercard."""
MAIL_DOMAINS = ("163.com", "qq.com", "gmail.com", "outlook.com", "sinopump.com.cn", "keller-valves.de")
NAMES = ("liwei", "zhangmin", "h.keller", "maria.rossi", "chen_jing", "tom-baker")


class Text(NamedTuple):
    """What a row says: what is asked, with its input, and the answer."""

    prompt: str
    answer: str
    language: str


class Planted(NamedTuple):
    """The answer with the defect."""

    answer: str
    trace: str | None = None
    """What stands in no row that is published when the defect is mended. None: the whole row is to be rejected."""


Plant = Callable[[Text, random.Random], Planted]


class Defect(NamedTuple):
    """What may be planted."""

    share: float
    """Of the new rows."""
    plant: Plant
    reasons: frozenset[str] = frozenset()
    """Rejecting the row for one of these is finding it."""


def drawn(rng: random.Random, letters: str, count: int) -> str:
    """So many of these letters; never one ten times in a row, which would be a form to fill in."""
    return "".join(rng.choice(letters) for _ in range(count))


def identity_card(rng: random.Random) -> str:
    """18 digits, the last one by ISO 7064 MOD 11-2."""
    birthday = f"{rng.randint(1950, 2005)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    body = f"{rng.choice(BIRTH_PLACES)}{birthday}{rng.randint(1, 999):03}"
    remainder = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body)) % 11
    return body + "10X98765432"[remainder]


def bank_card(rng: random.Random) -> str:
    """16 or 19 digits, the last one by Luhn."""
    beginning = rng.choice(CARD_BEGINNINGS)
    body = beginning + drawn(rng, string.digits, (19 if beginning.startswith("62") else 16) - 1 - len(beginning))
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return body + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def mobile_number(rng: random.Random) -> str:
    """Written in one of the ways that people write it."""
    beginning, middle, end = rng.choice(MOBILE_BEGINNINGS), drawn(rng, string.digits, 4), drawn(rng, string.digits, 4)
    mark = rng.choice(["", "", " ", "-"])
    return f"{rng.choice(['', '', '+86 ', '86-'])}{beginning}{mark}{middle}{mark}{end}"


def chinese_phone(rng: random.Random) -> str:
    """A mobile or a landline."""
    landline = f"{rng.choice(['010', '021', '0755'])}-{rng.choice('268')}{drawn(rng, string.digits, 7)}"
    return landline if rng.random() < 0.3 else mobile_number(rng)


def foreign_phone(rng: random.Random) -> str:
    """Of America, Britain, Germany."""
    area, office, line = rng.choice(["415", "212", "617"]), rng.randint(221, 989), rng.randint(1000, 9999)
    forms = (f"({area}) {office}-{line}", f"+1 {area}-{office}-{line}", f"+44 20 7{office} {line}", f"+49 30 {office}{line}")
    return rng.choice(forms)


def address(rng: random.Random) -> str:
    """Of a network, and of none of those that are private."""
    if rng.random() < 0.25:
        return f"2408:4005:{rng.randint(4096, 65535):x}:{rng.randint(4096, 65535):x}::{rng.randint(1, 255):x}"
    return f"{rng.choice([47, 59, 101, 123])}.{rng.randint(21, 250)}.{rng.randint(21, 250)}.{rng.randint(21, 250)}"


def token(beginning: str, count: int, letters: str = LETTERS_AND_DIGITS) -> Callable[[random.Random], str]:
    """A key that its maker's beginning tells."""
    return lambda rng: beginning + drawn(rng, letters, count)


def web_token(rng: random.Random) -> str:
    """A JSON web token."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": drawn(rng, string.digits, 10), "name": rng.choice(NAMES)})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, drawn(rng, LETTERS_AND_DIGITS + "_-", 43)])


def private_key(rng: random.Random) -> str:
    """A whole one, in lines of 64 letters."""
    name = rng.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY"])
    lines = "\n".join(drawn(rng, LETTERS_AND_DIGITS + "+/", 64) for _ in range(12))
    return f"-----BEGIN {name}-----\n{lines}\n-----END {name}-----"


SECRETS: Mapping[str, Callable[[random.Random], str]] = {
    "aws": token("AKIA", 16, string.ascii_uppercase + "234567"),
    "github": token("ghp_", 36),
    "gitlab": token("glpat-", 20),
    "google": token("AIza", 35),
    "hugging_face": token("hf_", 34),
    "openai": token("sk-proj-", 48),
    "alibaba": token("LTAI", 20),
    "tencent": token("AKID", 32),
    "stripe": token("sk_live_", 24),
    "jwt": web_token,
    "private_key": private_key,
}
PERSONAL_DATA: Mapping[str, Plant] = {
    "phone": lambda text, rng: said(
        text, "联系电话：", "Call me at ", (chinese_phone if is_chinese(text) else foreign_phone)(rng)
    ),
    "email": lambda text, rng: said(text, "邮箱 ", "Write to ", mail_address(rng)),
    "identity_card": lambda text, rng: said(text, "身份证号 ", "My ID number is ", identity_card(rng)),
    "bank_card": lambda text, rng: said(text, "卡号：", "the card is ", bank_card(rng)),
    "ip_address": lambda text, rng: said(text, "登录服务器 ", "the server is ", address(rng)),
}


def is_chinese(text: Text) -> bool:
    """Or English."""
    return text.language == CHINESE


def mail_address(rng: random.Random) -> str:
    """Somebody's."""
    return f"{rng.choice(NAMES)}{rng.randint(1, 9999)}@{rng.choice(MAIL_DOMAINS)}"


def said(text: Text, chinese: str, english: str, value: str) -> Planted:
    """Behind the answer, in its language."""
    return Planted(f"{text.answer} {chinese if is_chinese(text) else english}{value}", value)


def secret(text: Text, rng: random.Random) -> Planted:
    """Behind the answer; of a private key its second line is what must not be read."""
    value = SECRETS[rng.choice(list(SECRETS))](rng)
    return Planted(f"{text.answer} {value}", value.split("\n")[1] if "\n" in value else value)


REFUSALS = {
    CHINESE: (
        "很抱歉，作为一个人工智能语言模型，我无法回答这个问题。",
        "对不起，我不能提供这方面的帮助。",
        "抱歉，我无法满足您的请求。",
        "作为一个AI语言模型，我没有个人情感，无法给出看法。",
    ),
    ENGLISH: (
        "As an AI language model, I cannot help with that.",
        "I'm sorry, but I can't assist with that request.",
        "Sorry, I am unable to provide this information.",
        "I cannot answer questions of this kind.",
    ),
}
IDENTITIES = {
    CHINESE: (
        "我是ChatGPT，由OpenAI训练的语言模型。",
        "我叫通义千问，是阿里云推出的大模型。",
        "我是由百度开发的人工智能助手文心一言。",
        "作为由OpenAI开发的语言模型，我来回答。",
    ),
    ENGLISH: (
        "I am ChatGPT, a language model trained by OpenAI.",
        "My name is Vicuna, and I am a language model.",
        "I'm Claude, an AI assistant made by Anthropic.",
        "I was created by Google as a large language model.",
    ),
}
IN_ANOTHER_LANGUAGE = {
    CHINESE: "This depends on what you want to do with it; most people first look at the manual and then ask their dealer. ",
    ENGLISH: "这要看您打算怎么使用它，大多数人会先看说明书，再去问经销商，最后才决定要不要更换。",
}


def misread(text: Text, rng: random.Random) -> Planted:
    """UTF-8 read as Latin-1, Windows-1252, or GBK with bytes lost. English is given the curly marks that show it."""
    if not is_chinese(text):
        curly = f"It\u2019s what we\u2019ve seen: {text.answer}".replace("'", "\u2019")
        return Planted(curly.encode().decode("windows-1252", "ignore"), "\u00e2\u20ac\u2122")
    answer = text.answer.encode().decode(*rng.choice([("latin-1", "strict"), ("gbk", "replace")]))
    misread_part = HIGH.search(answer)
    return Planted(answer, misread_part[0] if misread_part else answer)


def as_web_page(text: Text, rng: random.Random) -> Planted:
    """What is left of a page when its frame was cut away."""
    answer = text.answer
    forms = (
        (f"<p>{answer}</p><br/>&nbsp;", "<p>"),
        (f'<div class="content"><p>{answer}</p></div>', "<div"),
        (f"<ul><li>{answer}</li></ul>&nbsp;&nbsp;", "<li>"),
        (f'<span style="color:#333">{answer}</span><br>', "<span"),
        (f"&ldquo;{answer}&rdquo;&nbsp;&nbsp;", "&ldquo;"),
    )
    return Planted(*rng.choice(forms))


def with_unseen(text: Text, rng: random.Random) -> Planted:
    """A control code, a zero-width space, an override of direction, a terminal's colour in the middle."""
    middle = len(text.answer) // 2
    unseen = rng.choice(["\x00", "\x08", "\u200b", "\ufeff", "\u202e", "\x1b[31m"])
    return Planted(text.answer[:middle] + unseen + text.answer[middle:], unseen)


def in_a_loop(text: Text, rng: random.Random) -> Planted:
    """As models come apart: a beginning, a line, or the last words, over and over."""
    answer = text.answer
    forms = (answer[:10] * 60, (answer[:40].strip() + "\n") * 40, answer + answer[-15:] * max(40, len(answer) // 15))
    return Planted(rng.choice(forms))


def cut_off(text: Text, rng: random.Random) -> Planted:
    """Where the tokens ran out, wherever that is."""
    return Planted(text.answer[: int(len(text.answer) * rng.uniform(0.5, 0.95))])


NOTHING = ("", " ", "\n", "...", "N/A", "\u3164")
DEFECTS: dict[str, Defect] = {
    "empty": Defect(0.005, lambda text, rng: Planted(rng.choice(NOTHING)), frozenset({"EmptyAnswer", "NoAnswer"})),
    "mojibake": Defect(0.005, misread, frozenset({"Mojibake"})),
    "html": Defect(0.005, as_web_page),
    **{kind: Defect(0.003, plant) for kind, plant in PERSONAL_DATA.items()},
    "secret": Defect(0.002, secret),
    "refusal": Defect(
        0.002, lambda text, rng: Planted(rng.choice(REFUSALS[text.language]) + text.answer), frozenset({"Refusal"})
    ),
    "identity": Defect(
        0.002, lambda text, rng: Planted(rng.choice(IDENTITIES[text.language]) + text.answer), frozenset({"Identity"})
    ),
    "control": Defect(0.003, with_unseen),
    "huge": Defect(0.001, lambda text, rng: Planted((text.answer + "\n") * 100), frozenset({"Repetitive", "Oversized"})),
    "repetitive": Defect(0.005, in_a_loop, frozenset({"Repetitive"})),
    "echo": Defect(0.001, lambda text, rng: Planted(text.prompt), frozenset({"EchoedPrompt"})),
    "truncated": Defect(0.001, cut_off, frozenset({"TruncatedAnswer"})),
    "other_language": Defect(
        0.001,
        lambda text, rng: Planted(IN_ANOTHER_LANGUAGE[text.language] * rng.randint(1, 3)),
        frozenset({"LanguageMismatch"}),
    ),
    BROKEN_JSON: Defect(
        0.001, lambda text, rng: Planted(text.answer), frozenset({"NotJson", "NotUTF8"})
    ),  # cut when it is written
}
"""What may be planted in an answer, in which share of the new rows."""
