"""What documentation writes in the place of a person's: addresses, cards and servers that are published, and belong to nobody."""

from __future__ import annotations

import re

_DOMAIN = re.compile(
    r"(?:example|sample|test|foo|bar|baz|abc|xyz|domain|email|company|website|corp)\.(?:com|org|net|cn|com\.cn)"
    r"|(?:your|my|some|the|our|a)-?(?:company|domain|site|website|business|organi[sz]ation|school|mail|server|host|store|shop)\.[a-z.]{2,6}"
    r"|(?:[a-z0-9-]+\.)*(?:example|test|invalid|localhost)|(?:[a-z0-9-]+\.)+example\.(?:com|org|net|cn)",
    re.I,
)
"""RFC 2606, and what everyone writes for it."""
_NAME = re.compile(
    r"name|(?:your|my)?[._-]?(?:first|last|user|full|e?mail|own)?[._-]?(?:name|account|email(?:[._-]?(?:id|address))?)|your|user|someone|somebody"
    r"|first(?:name)?[._-]?last(?:name)?|x{2,}|foo|foobar",
    re.I,
)
_CARDS = frozenset(
    """4111111111111111 4012888888881881 4242424242424242 4012000033330026 4035501000000008 4360000001000005 4000056655665556
    4988438843884305 4005519200000004 4009348888881881 4217651111111119 4500600000000061 4917610000000000 4263982640269299
    5555555555554444 5105105105105100 5200828282828210 5454545454545454 2223003122003222 2222400070000005 5555341244441115
    5425233430109903 5577000055770004 2223000048410010 5431111111111111 5424000000000015
    378282246310005 371449635398431 378734493671000 370000000000002 374245455400126 343434343434343 371111111111114
    6011111111111117 6011000990139424 6011000000000004 6011981111111113 6011000400000000 6011601160116611
    3530111333300000 3566002020360505 3566111111111113 30569309025904 38520000023237 36227206271667 36006666333344
    6200000000000005 6205500000000000004 6243030000000001 6221558812340000""".split()  # noqa: SIM905 - a word list reads better so
)
"""Test cards of those who process payments, beside all of the issuer that Stripe made up."""
_RESOLVERS = frozenset(
    """8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 1.1.1.2 1.0.0.2 1.1.1.3 1.0.0.3 9.9.9.9 9.9.9.10 149.112.112.112 208.67.222.222
    208.67.220.220 208.67.222.123 208.67.220.123
    4.2.2.1 4.2.2.2 64.6.64.6 64.6.65.6 8.26.56.26 8.20.247.20 77.88.8.8 77.88.8.1 94.140.14.14
    94.140.15.15 185.228.168.9 76.76.2.0 76.76.19.19 114.114.114.114 114.114.115.115 223.5.5.5 223.6.6.6 119.29.29.29
    119.28.28.28 180.76.76.76 180.184.1.1 180.184.2.2 101.226.4.6 218.30.118.6 1.2.4.8 210.2.4.8 101.101.101.101
    2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001 2620:fe::fe 2620:fe::9
    2620:119:35::35 2620:119:53::53 2400:3200::1 2400:3200:baba::1 2402:4e00:: 2400:da00::6666""".split()  # noqa: SIM905
)
"""Public name servers."""


def is_stand_in_address(address: str) -> bool:
    """Of e-mail."""
    name, _, domain = address.rpartition("@")
    return _DOMAIN.fullmatch(domain) is not None or _NAME.fullmatch(name) is not None


def is_test_card(digits: str) -> bool:
    """One that no bank issued."""
    return digits in _CARDS or digits.startswith("400000")


def is_public_resolver(address: str) -> bool:
    """A server whose address everyone knows."""
    return address.lower() in _RESOLVERS
