"""Text that was decoded with the wrong encoding somewhere on its way: repaired where what it was is certain."""

from __future__ import annotations

import re

from ftfy import TextFixerConfig, fix_text
from ftfy.badness import badness, is_bad

from sft_trainer.data.detection.common_characters import COMMON
from sft_trainer.data.detection.encoding import MIN_COMMON_PERCENT


def _in_windows_1252(byte: int) -> str:
    return bytes((byte,)).decode("windows-1252", "ignore") or chr(byte)


CHINESE_BEGINS, CONTINUES = range(0xE4, 0xEA), range(0x80, 0xC0)
"""First and second bytes of Chinese characters in UTF-8."""
_READ_AS_GBK = "".join(bytes((first, second)).decode("gbk", "ignore") for first in CHINESE_BEGINS for second in CONTINUES)
"""What these two are in GBK: 384 characters that are rare in sound Chinese."""
BEYOND_REPAIR = "\ufffd\u951f\u70eb\u5c6f"
"""The replacement character, its bytes read as GBK, memory that nobody set."""
SUSPECTS = f"\x80-\x9f\xb0-\xf7\u0420\u0421{BEYOND_REPAIR}{_READ_AS_GBK}"
"""Beside them codes that are no letters in any encoding, first bytes in Latin-1, Cyrillic's in Windows-1251: a part of a regular
expression that finds one in every text that is not as it was meant, and in few others."""
_SUSPECTS = re.compile(f"[{BEYOND_REPAIR}{_READ_AS_GBK}]")
_READ_AS_LATIN = re.compile("[\xc2-\xf4][" + re.escape("".join(map(_in_windows_1252, CONTINUES))) + "\xa0-\xbf]")
"""What a first byte of UTF-8 and a second one are in Windows-1252 and Latin-1; in sound text a letter with an accent is hardly
ever followed by one of these."""
_READ_OTHERWISE = re.compile("[\x80-\x9f\u0420\u0421]")
"""The same in encodings that are seldom met. Each of these looks begins with a set of characters, and so costs little."""
_GBK_AS_LATIN = re.compile("[\xb0-\xf7][\xa1-\xfe][\xb0-\xf7][\xa1-\xfe]")
"""Two common Chinese characters, four letters that no language has in a row."""
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
_COMMON = re.compile(f"[{COMMON}]")
_HIGH = re.compile("[^\x00-\x7f]")
_WINDOWS_1252 = {ord(_in_windows_1252(byte)): byte for byte in range(0x80, 0xA0)}
"""Characters of Windows-1252 to the bytes that they are."""
_IS_ABOUT_IT = re.compile(
    "乱码|亂碼|锟斤拷[是来（(]|未初始化|替换字符|mojibake|garbled|replacement character|encoding (?:error|problem)", re.I
)
"""Rows that explain wrong decoding show some."""
MIN_UTF8_SHARE = 0.5
"""Of the bytes of a text in GBK. Sound Chinese has next to none, and text read wrongly has punctuation beside its characters."""
MIN_SUSPECTS, MIN_SUSPECTS_PER_HAN = 2, 0.1
MIN_HAN = 4
"""Shorter Chinese may by chance be UTF-8 when written as GBK."""
MAX_BAD = 2
"""Places that are beyond repair: who writes about the replacement character writes it once or twice."""


def is_about_mojibake(text: str) -> bool:
    """Whether wrong decoding is what is talked about: then it is meant."""
    return _IS_ABOUT_IT.search(text) is not None


def repaired(text: str) -> str:
    """The text as it was meant, or as it is."""
    if _SUSPECTS.search(text) and (undone := _read_as_gbk(text)):
        return undone
    if _GBK_AS_LATIN.search(text) and (undone := _gbk_read_as_latin(text)):
        return undone
    if not _may_be_read_by_letters(text):
        return text
    return fix_text(text, _SAFE) if is_bad(text) or _C1.search(text) else text


def _may_be_read_by_letters(text: str) -> bool:
    return _READ_AS_LATIN.search(text) is not None or _READ_OTHERWISE.search(text) is not None


def is_hopeless(text: str) -> bool:
    """Whether characters are gone for good, or stay as nobody wrote them."""
    return (
        (_SUSPECTS.search(text) is not None and (len(_HOPELESS.findall(text)) > MAX_BAD or _is_half_read_as_gbk(text)))
        or (_may_be_read_by_letters(text) and badness(text) > MAX_BAD)
    )  # fmt: skip


def _holds_utf8(text: str) -> bool:
    """A quick look at how many of its characters are those of UTF-8 in GBK: a third, in text that was read so."""
    suspects = len(_SUSPECTS.findall(text))
    return suspects >= MIN_SUSPECTS and suspects >= MIN_SUSPECTS_PER_HAN * len(_HAN.findall(text))


def _is_half_read_as_gbk(text: str) -> bool:
    """UTF-8 that was read as GBK mostly loses a byte here and there: what is left of it still is UTF-8, and nothing else is."""
    if not _holds_utf8(text) or len(_HAN.findall(text)) < MIN_HAN:
        return False
    data = "".join(_HIGH.findall(text)).encode("gb18030", "ignore")
    meant = "".join(_HAN.findall(data.decode(errors="ignore")))
    return len(meant.encode()) > MIN_UTF8_SHARE * len(data)


def _read_as_gbk(text: str) -> str | None:
    """UTF-8 that was read as GBK is GBK that is valid UTF-8, which sound Chinese of some length never is."""
    if not _holds_utf8(text) or len(_HAN.findall(text)) < MIN_HAN:
        return None
    try:
        meant = text.encode("gb18030").decode()
    except UnicodeError:
        return None
    return meant if len(_HAN.findall(meant)) >= 2 else None


def _gbk_read_as_latin(text: str) -> str | None:
    """GBK that was read as Latin-1 is GBK again, of which the commonest Chinese characters make up their usual part.

    Such text is all letters with accents; UTF-8 that was read so is left to ftfy.
    """
    if len(_HIGH.findall(text)) < 2 * MIN_HAN:
        return None
    try:
        data = text.translate(_WINDOWS_1252).encode("latin-1")
    except UnicodeError:
        return None
    try:
        data.decode()
    except UnicodeError:
        pass
    else:
        return None
    try:
        meant = data.decode("gb18030")
    except UnicodeError:
        return None
    han = _HAN.findall(meant)
    is_chinese = len(han) >= MIN_HAN and 2 * len(han) > len(_HIGH.findall(meant))
    return meant if is_chinese and 100 * len(_COMMON.findall(meant)) >= MIN_COMMON_PERCENT * len(han) else None
