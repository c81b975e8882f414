"""Personal data in text, found by its form, its check digit where it has one, and what stands before it where it has none."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sft_trainer.data.cleaning.checksums import is_bank_card, is_identity_card, is_old_identity_card
from sft_trainer.data.cleaning.domains import is_top_level_domain
from sft_trainer.data.cleaning.stand_ins import is_public_resolver, is_stand_in_address, is_test_card

EMAIL, PHONE, ID_CARD, BANK_CARD, IP_ADDRESS = "EMAIL", "PHONE", "ID_CARD", "BANK_CARD", "IP_ADDRESS"
_DIGITS = re.compile("[0-9][0-9 .()-]{6}")
RUN = b"1" * 7
_IN_RUNS = bytes(RUN[0] if byte in b"0123456789 .()-" else 0 for byte in range(256))
WIDE = "\uff10-\uff19\uff20"
"""Full-width digits and the full-width @: people write numbers with them too. They are looked through, and never changed."""
_WIDE = re.compile(f"[{WIDE}]")
_NARROW = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), 0xFF20, 0xFF0B, 0xFF0D, 0xFF0E)} | {0xFF08: "(", 0xFF09: ")"}
"""Character for character, so that a place in the one text is the same place in the other."""
_IN_IPV6 = re.compile(":(?<=[23][0-9A-Fa-f]{3}:)[0-9A-Fa-f]{0,4}:")
BEGINS = r"(?:(?<![\dA-Za-z])|(?<=\\[nrtbf]))"
"""No letter and no digit before it; the n of an escaped line end, in text that holds JSON or a program, is no letter."""
_ADDRESSES = re.compile(
    r"(?:(?<![\w.+-])(?!(?<=\\)[nrtbf])|(?<=\\[nrtbf]))"
    r"[A-Za-z0-9][\w.+-]{0,63}@(?P<domain>[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,5}[A-Za-z]{2,24})(?![\w-])",
    re.ASCII,
)
_MOBILE = r"1(?:3\d|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])(?:[ .-]?\d{4}){2}"
"""With the beginnings that Chinese carriers have."""
_AREA = r"0(?:10|2\d|[3-9]\d\d)"
_FORMS = {
    ID_CARD: rf"{BEGINS}[1-9]\d{{5}}(?:[ -]?(?:18|19|20)\d{{6}}[ -]?\d{{3}}[\dXx]|\d{{9}})(?![\dA-Za-z])",
    BANK_CARD: r"(?<![\d.-])(?:\d{4}(?:[ -]?\d{4}){2}[ -]?\d{1,4}(?:[ -]?\d{1,3})?|3[47]\d\d[ -]\d{6}[ -]\d{5})(?![\d-]|\.\d)",
    PHONE: rf"(?<![\d.+-])(?:(?:(?:\+|00)?86[ -]?)?{_MOBILE}|[(（]?0\d{{2,3}}[)）-] ?\d{{7,8}}|{_AREA} [2-9]\d{{6,7}})(?!\d|\.\d)"
    r"|(?<![\d.+-])\(?[2-9]\d\d\)?[ .-][2-9]\d\d[.-]\d{4}(?![\d-]|\.\d)"
    r"|(?<![\w+])\+[1-9]\d{0,2}[ -]?\(?\d{1,4}\)?(?:[ -]?\d{2,4}){2,4}(?!\d)",
    IP_ADDRESS: r"(?:(?<![\w.-])|(?<=\\[nrtbf]))(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)"
    r"|(?<![\w:.])[23][0-9A-Fa-f]{3}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])",
}
"""In this order: an identity card is a bank card's form too."""
_NUMBERS = re.compile("(?=[0-9(（+])(?:" + "|".join(f"(?P<{kind}>{form})" for kind, form in _FORMS.items()) + ")", re.ASCII)
"""Looks first whether a number can begin here at all: most of a text is letters."""
_NUMBER = {kind: re.compile(form, re.ASCII) for kind, form in _FORMS.items()}
LOOKED_BACK = 40
"""Characters before a number that may say what it is."""
_IS_VERSION = re.compile(r"(?:version|release|版本|\bv|[表图]|坐标|章节)\s*[:：]?\s*$", re.I)
_IS_HEX = re.compile(r"\b0[xX][0-9A-Fa-f]*$")
_IS_ORDER = re.compile(r"(?:(?:订单|单|流水|序列|快递|运单)号|\border (?:id|no\.?|number))\s*(?:is|是|为|[:：#])?\s*$", re.I)
"""Long numbers of other things pass a check of one digit now and then."""
_IS_ADDRESS = re.compile(
    r"(?:\bip(?:v4)?|地址|服务器|主机|网关|连接|访问|登录|\b(?:server|host|ping|ssh|address|curl|connect)(?: to)?|://|@)"
    r"\s*(?:is|was|为|是|[:：=])?\s*$",
    re.I,
)
_IS_RUN_ON = re.compile(r"(?<!\\)[^\W\d_]$")
_IS_ID_CARD = re.compile(r"(?:身份证|证件号|\bID\b|identity)[^\d\n]{0,15}$", re.I)
_IS_RESULT = re.compile(r"(?:[\^*/+\u00d7÷\u2212-]\s*\d+|[)!])\s*[=≈]\s*$|\d\s*[*\u00d7]\s*$|\^\s*$")
"""7^12 = 13841287201: a number that was reckoned."""
MAX_SECTION_NUMBER = 20
"""Small numbers are a heading (1.2.3.1) or a version (5.15.2.30) far more often than an address."""
_MADE_UP_MOBILE = re.compile(r"(?:12345678|23456789|87654321|00138000|(\d)\1{6}\d?)$")
"""Numbers that stand for a number, the carriers' own among them."""
_MADE_UP_PHONE = re.compile(r"(\d)\1{5}|1234567|7654321")
_TOLL_FREE = re.compile(r"\(?(?:400|8(?:00|33|44|55|66|77|88))\b")
_MADE_UP_CARD = re.compile(r"(\d\d)\1{6}")


@dataclass(frozen=True, slots=True)
class Sensitive:
    """Something that must not be published, and where it stands in its text."""

    start: int
    end: int
    kind: str


def narrow(text: str) -> str:
    """The text to look for numbers in: digits as they are written in ASCII, each in its place."""
    return text.translate(_NARROW) if not text.isascii() and _WIDE.search(text) else text


def _may_hold_number(text: str) -> bool:
    """By a run of digits and what stands between them. In bytes it is found twice as fast, and most text has none."""
    return RUN in text.encode("ascii", "replace").translate(_IN_RUNS) and _DIGITS.search(text) is not None


def may_hold_personal_data(narrow_text: str) -> bool:
    """A quick look that misses none."""
    return "@" in narrow_text or _may_hold_number(narrow_text) or _IN_IPV6.search(narrow_text) is not None


def find_personal_data(text: str, allowed: frozenset[str] = frozenset()) -> list[Sensitive]:
    """From left to right. `allowed` holds what its owner publishes: whole values, and `@domain` for all addresses there."""
    text = narrow(text)
    addresses = list(_addresses(text, allowed)) if "@" in text else []
    numbers = list(_numbers(text, allowed)) if _may_hold_number(text) or _IN_IPV6.search(text) else []
    if not addresses:
        return numbers
    return sorted([*addresses, *(each for each in numbers if not _is_inside(each, addresses))], key=lambda each: each.start)


def _addresses(text: str, allowed: frozenset[str]) -> Iterator[Sensitive]:
    """Of `a@acme.com.Thanks` the address ends where its last name is one that the internet has."""
    for found in _ADDRESSES.finditer(text):
        name, domain = text[found.start() : found.start("domain")], found["domain"]
        while "." in domain and not is_top_level_domain(domain.rpartition(".")[2]):
            domain = domain.rpartition(".")[0]
        address, end = name + domain, found.start("domain") + len(domain)
        is_called = text.startswith("(", end)
        if "." in domain and not is_called and _is_real_email(address) and not _is_allowed(EMAIL, address, allowed):
            yield Sensitive(found.start(), end, EMAIL)


def _numbers(text: str, allowed: frozenset[str]) -> Iterator[Sensitive]:
    """What has the form of a number and is none may hide one: behind it, or in another form at the same place."""
    place = 0
    while found := _NUMBERS.search(text, place):
        place = found.start()
        real = next(filter(None, (_real(kind, text, place, allowed) for kind in _FORMS)), None)
        if real:
            yield real
        place = real.end if real else place + 1


def _real(kind: str, text: str, place: int, allowed: frozenset[str]) -> Sensitive | None:
    found = _NUMBER[kind].match(text, place)
    before = text[max(0, place - LOOKED_BACK) : place]
    if found is None or not _IS_REAL[kind](found[0], before) or _IS_HEX.search(before):
        return None
    return None if _is_allowed(kind, found[0], allowed) else Sensitive(place, found.end(), kind)


def _is_inside(number: Sensitive, addresses: Sequence[Sensitive]) -> bool:
    return any(each.start < number.end and number.start < each.end for each in addresses)


def _is_allowed(kind: str, value: str, allowed: frozenset[str]) -> bool:
    return bool(allowed) and (value.lower() in allowed or (kind == EMAIL and f"@{value.rpartition('@')[2].lower()}" in allowed))


def _is_real_email(value: str) -> bool:
    return not is_stand_in_address(value) and not value.startswith("git@")


def _is_real_phone(value: str, before: str) -> bool:
    digits = re.sub(r"\D", "", value)
    made_up = _MADE_UP_MOBILE if re.match("(?:0{0,2}86)?1[3-9]", digits) else _MADE_UP_PHONE
    return not (made_up.search(digits) or _TOLL_FREE.match(value) or _IS_RESULT.search(before) or _is_power_of_two(digits))


def _is_power_of_two(digits: str) -> bool:
    number = int(digits)
    return number & (number - 1) == 0


def _is_real_id_card(value: str, before: str) -> bool:
    number = re.sub("[ -]", "", value)
    if len(number) == 18:
        return is_identity_card(number)
    return is_old_identity_card(number) and _IS_ID_CARD.search(before) is not None


def _is_real_bank_card(value: str, before: str) -> bool:
    digits = re.sub(r"\D", "", value)
    if not is_bank_card(digits) or is_test_card(digits) or _MADE_UP_CARD.match(digits) or _is_power_of_two(digits):
        return False
    return not _IS_RESULT.search(before) and not _IS_ORDER.search(before)


def _is_public_address(value: str, before: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or is_public_resolver(value) or _IS_VERSION.search(before):
        return False
    if address.version == 4 and address.packed[3] == 0:
        return False  # a network
    if address.version == 6 or _IS_ADDRESS.search(before):
        return True
    return not _IS_RUN_ON.search(before) and sum(octet > MAX_SECTION_NUMBER for octet in address.packed) > 1


_IS_REAL: dict[str, Callable[[str, str], bool]] = {
    PHONE: _is_real_phone,
    ID_CARD: _is_real_id_card,
    BANK_CARD: _is_real_bank_card,
    IP_ADDRESS: _is_public_address,
}
"""Of each form: whether this value, behind this text, is one."""


def masked(text: str, found: Sequence[Sensitive], name_of: Callable[[str, str], str]) -> str:
    """The text with each one replaced; `name_of(kind, value)` says by what, in brackets."""
    parts, end = [], 0
    for each in found:
        parts += [text[end : each.start], f"[{name_of(each.kind, text[each.start : each.end])}]"]
        end = each.end
    return "".join([*parts, text[end:]])
