"""Check digits of the numbers that people are known by."""

from __future__ import annotations

import re
from datetime import date

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECK = "10X98765432"
"""GB 11643-1999: the weighted sum of the first 17 digits modulo 11 names the last character (ISO 7064, MOD 11-2)."""
PROVINCES = frozenset(
    """11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65
    71 81 82 83""".split()  # noqa: SIM905 - a word list reads better so
)
"""First two digits, GB/T 2260; 71, 81, 82 and 83 are residents of Taiwan, Hong Kong and Macau."""
CARD_FORM = re.compile(r"62\d{14,17}|(?:4\d|5[1-5]|2[2-7]|35|6[05])\d{14}|3[47]\d{13}|3[068]\d{12}")
"""UnionPay, Visa, Mastercard, JCB, Discover, American Express, Diners: each has its own lengths."""


def is_identity_card(number: str) -> bool:
    """A Chinese resident identity card: 18 characters with a province, a date of birth and a check character."""
    if (
        number[:2] not in PROVINCES
        or ID_CHECK[sum(w * int(d) for w, d in zip(ID_WEIGHTS, number, strict=False)) % 11] != number[17].upper()
    ):
        return False
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14])).year >= 1900
    except ValueError:
        return False


def is_old_identity_card(number: str) -> bool:
    """One of before 1999: 15 digits with a province and a date of birth in two-digit years, and no check character."""
    try:
        date(1900 + int(number[6:8]), int(number[8:10]), int(number[10:12]))
    except ValueError:
        return False
    return number[:2] in PROVINCES


def is_bank_card(digits: str) -> bool:
    """As many digits as cards of a known issuer have, which pass Luhn's check (ISO/IEC 7812-1)."""
    if not CARD_FORM.fullmatch(digits) or len(set(digits)) == 1:
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0
