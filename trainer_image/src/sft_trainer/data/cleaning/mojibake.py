"""Text that was decoded with the wrong encoding somewhere on its way: repaired where what it was is certain."""

from __future__ import annotations

import re

from ftfy import TextFixerConfig, fix_text
from ftfy.badness import is_bad


def _in_windows_1252(byte: int) -> str:
    return bytes((byte,)).decode("windows-1252", "ignore") or chr(byte)


CHINESE_BEGINS, CONTINUES = range(0xE4, 0xEA), range(0x80, 0xC0)
"""First and second bytes of Chinese characters in UTF-8."""
_READ_AS_GBK = "".join(bytes((first, second)).decode("gbk", "ignore") for first in CHINESE_BEGINS for second in CONTINUES)
"""What these two are in GBK: 384 characters that are rare in sound Chinese."""
_SUSPECTS = re.compile(f"[\x80-\x9f\ufffd\u951f\u70eb\u5c6f{_READ_AS_GBK}]")
"""Codes that are no letters in any encoding, characters of what is beyond repair, and those of UTF-8 in GBK."""
_READ_AS_LATIN = re.compile("[\xc2-\xf4][" + re.escape("".join(map(_in_windows_1252, CONTINUES))) + "\xa0-\xbf]")
"""What a first byte of UTF-8 and a second one are in Windows-1252 and Latin-1; in sound text a letter with an accent is hardly
ever followed by one of these."""
_SAFE = TextFixerConfig(
    uncurl_quotes=False,
    fix_character_width=False,
    unescape_html=False,
    fix_latin_ligatures=False,
    fix_line_breaks=False,
    remove_control_chars=False,
    remove_terminal_escapes=False,
    normalization=None,
    explain=False,
)
"""As it comes, ftfy changes 63 % of Chinese rows: quotes, widths, ligatures. Only wrong decoding is its business here."""
_HOPELESS = re.compile("\ufffd|\u951f\u65a4\u62f7|\u70eb\u70eb\u70eb|\u5c6f\u5c6f\u5c6f")
"""What is left when the bytes are gone: the replacement character, that character's bytes read as GBK (锟斤拷), memory that
nobody set (烫烫烫, 屯屯屯)."""
_C1 = re.compile("[\x80-\x9f]")
"""Windows-1252 that was read as Latin-1."""
_HAN = re.compile("[\u4e00-\u9fff]")
MIN_UTF8_SHARE = 0.5
"""Of the bytes of a text in GBK. Sound Chinese has next to none, and text read wrongly has punctuation beside its characters."""
MIN_HAN = 4
"""Shorter Chinese may by chance be UTF-8 when written as GBK."""


def may_be_mojibake(text: str) -> bool:
    """A quick look, which finds all that can be repaired or is beyond it, and seldom anything else."""
    return _SUSPECTS.search(text) is not None or _READ_AS_LATIN.search(text) is not None


def repaired(text: str) -> str:
    """The text as it was meant, or as it is."""
    if undone := _read_as_gbk(text):
        return undone
    return fix_text(text, _SAFE) if is_bad(text) or _C1.search(text) else text


def is_hopeless(text: str) -> bool:
    """Whether characters are gone for good; who writes about the replacement character writes it once or twice."""
    return len(_HOPELESS.findall(text)) > 2 or _is_half_read_as_gbk(text)


def _is_half_read_as_gbk(text: str) -> bool:
    """UTF-8 that was read as GBK mostly loses a byte here and there: what is left of it still is UTF-8, and nothing else is."""
    if len(_HAN.findall(text)) < MIN_HAN:
        return False
    data = "".join(character for character in text if character > "\x7f").encode("gb18030", "ignore")
    meant = "".join(_HAN.findall(data.decode(errors="ignore")))
    return len(meant.encode()) > MIN_UTF8_SHARE * len(data)


def _read_as_gbk(text: str) -> str | None:
    """UTF-8 that was read as GBK is GBK that is valid UTF-8, which sound Chinese of some length never is."""
    if len(_HAN.findall(text)) < MIN_HAN:
        return None
    try:
        meant = text.encode("gb18030").decode()
    except UnicodeError:
        return None
    return meant if len(_HAN.findall(meant)) >= 2 else None
