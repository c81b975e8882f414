"""Personal data in text, found by its form and, where it has one, its check digit."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sft_trainer.data.cleaning.checksums import is_bank_card, is_identity_card

EMAIL, PHONE, ID_CARD, BANK_CARD, IP_ADDRESS = "EMAIL", "PHONE", "ID_CARD", "BANK_CARD", "IP_ADDRESS"
_DIGITS = re.compile("[0-9][0-9 .()-]{6}")
_ADDRESSES = re.compile(
    r"(?P<EMAIL>(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,5}[A-Za-z]{2,24}(?![\w-]))", re.ASCII
)
_NUMBERS = re.compile(
    r"(?=[0-9(+])(?:"
    r"(?P<ID_CARD>(?<![\dA-Za-z])[1-9]\d{5}(?:18|19|20)\d{9}[\dXx](?![\dA-Za-z]))"
    r"|(?P<BANK_CARD>(?<![\d.-])\d{4}(?:[ -]?\d{4}){2}[ -]?\d{1,4}(?:[ -]?\d{1,3})?(?![\d-]|\.\d))"
    r"|(?P<PHONE>(?<![\d.+-])(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d|\.\d)"
    r"|(?<![\d.+-])\(?0\d{2,3}[)-] ?\d{7,8}(?!\d|\.\d)"
    r"|(?<![\d.+-])\(?[2-9]\d\d\)?[ .-][2-9]\d\d[.-]\d{4}(?![\d-]|\.\d)"
    r"|(?<![\w+])\+[1-9]\d{0,2}[ -]?\(?\d{1,4}\)?(?:[ -]?\d{2,4}){2,4}(?!\d))"
    r"|(?P<IP_ADDRESS>(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)))",
    re.ASCII,
)
"""Looks first whether a number can begin here at all: most of a text is letters."""
_RESERVED_DOMAIN = re.compile(
    r"(?:^|[@.])(?:example\.(?:com|org|net|cn)|example|test|invalid|localhost|domain\.com|email\.com)$", re.I
)
"""RFC 2606, and what everyone writes for it."""
_PUBLIC_RESOLVERS = frozenset(
    {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "114.114.114.114", "223.5.5.5", "223.6.6.6", "119.29.29.29"}
)
_IS_VERSION = re.compile(r"(?:version|release|版本|\bv)\s*[:：]?\s*$", re.I)
MAX_SECTION_NUMBER = 20
"""Four small numbers are a heading (1.2.3.1) far more often than an address."""
_MADE_UP = re.compile(r"(\d)\1{5}|1234567|7654321|0000000")
"""Numbers that stand for a number."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """Something that must not be published, and where it stands in its text."""

    start: int
    end: int
    kind: str


def may_hold_personal_data(text: str) -> bool:
    """A quick look that misses none."""
    return "@" in text or _DIGITS.search(text) is not None


def find_personal_data(text: str, allowed: frozenset[str] = frozenset()) -> list[Sensitive]:
    """From left to right. `allowed` holds what its owner publishes: whole values, and `@domain` for all addresses there."""
    addresses = list(_found(_ADDRESSES, text, allowed)) if "@" in text else []
    numbers = list(_found(_NUMBERS, text, allowed)) if _DIGITS.search(text) else []
    if not addresses:
        return numbers
    return sorted([*addresses, *(each for each in numbers if not _is_inside(each, addresses))], key=lambda each: each.start)


def _found(forms: re.Pattern[str], text: str, allowed: frozenset[str]) -> Iterator[Sensitive]:
    for found in forms.finditer(text):
        kind, value = str(found.lastgroup), found[0]
        if _IS_REAL[kind](value) and not _is_allowed(kind, value, allowed) and not _is_version(kind, text, found.start()):
            yield Sensitive(found.start(), found.end(), kind)


def _is_inside(number: Sensitive, addresses: Sequence[Sensitive]) -> bool:
    return any(each.start < number.end and number.start < each.end for each in addresses)


def _is_allowed(kind: str, value: str, allowed: frozenset[str]) -> bool:
    return bool(allowed) and (value.lower() in allowed or (kind == EMAIL and f"@{value.rpartition('@')[2].lower()}" in allowed))


def _is_version(kind: str, text: str, start: int) -> bool:
    return kind == IP_ADDRESS and _IS_VERSION.search(text, max(0, start - 12), start) is not None


def _is_real_email(value: str) -> bool:
    return _RESERVED_DOMAIN.search(value) is None and not value.startswith("git@")


def _is_real_phone(value: str) -> bool:
    return _MADE_UP.search(re.sub(r"\D", "", value)) is None


def _is_real_card(value: str) -> bool:
    return is_bank_card(re.sub(r"\D", "", value))


def _is_public_address(value: str) -> bool:
    try:
        address = ipaddress.IPv4Address(value)
    except ValueError:
        return False
    return address.is_global and value not in _PUBLIC_RESOLVERS and max(address.packed) > MAX_SECTION_NUMBER


_IS_REAL: dict[str, Callable[[str], bool]] = {
    EMAIL: _is_real_email,
    PHONE: _is_real_phone,
    ID_CARD: is_identity_card,
    BANK_CARD: _is_real_card,
    IP_ADDRESS: _is_public_address,
}


def masked(text: str, found: Sequence[Sensitive], name_of: Callable[[str, str], str]) -> str:
    """The text with each one replaced; `name_of(kind, value)` says by what, in brackets."""
    parts, end = [], 0
    for each in found:
        parts += [text[end : each.start], f"[{name_of(each.kind, text[each.start : each.end])}]"]
        end = each.end
    return "".join([*parts, text[end:]])
