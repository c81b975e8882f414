"""Characters that nobody sees and nobody meant. Joiners stay: emoji and the scripts of India and Persia are written with them."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_TERMINAL = re.compile("\x1b(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\x07\x1b]{0,200}(?:\x07|\x1b\\\\))")
"""What a terminal obeys: colours, the cursor, its title. Without the escape character the rest would be left as text."""
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
"""Control codes but tab and line ends."""
_INVISIBLE = "\xad\u2060-\u2064\ufeff\ufff0-\ufffb\ufffe\uffff"
"""Soft hyphen, word joiner, invisible operators, byte order mark, what is no character at all."""
_BETWEEN_WORDS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese and Khmer set no spaces: there a zero-width space says where a line may end."""
_ZERO_WIDTH_SPACE = f"(?<![{_BETWEEN_WORDS}])\u200b|\u200b(?![{_BETWEEN_WORDS}])"
_OVERRIDES = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates of direction: text that reads otherwise than it is."""
_TAGS = "\U000e0000-\U000e007f"
"""They say things to models that people do not see; behind a black flag they are the flag of a region."""
_UNSEEN = re.compile(f"[{_CONTROL}{_INVISIBLE}{_OVERRIDES}]|{_ZERO_WIDTH_SPACE}|(?<!\U0001f3f4)(?<![{_TAGS}])[{_TAGS}]+")
MAYBE_UNSEEN = f"{_CONTROL}{_INVISIBLE}{_OVERRIDES}{_TAGS}\u200b\r\x0b\x0c\x85\u2028\u2029"
"""One of them stands in every text that `without_unseen` would change: a part of a regular expression."""
_ASCII_CONTROL = bytes((*range(9), *range(11, 32), 127))
HINT = re.compile(f"[{MAYBE_UNSEEN}]")


def has_control_codes(text: str) -> bool:
    """The same quick look, three times as fast, at text that is ASCII."""
    data = text.encode()
    return len(data.translate(None, _ASCII_CONTROL)) < len(data)


def without_unseen(text: str) -> str:
    """The text without invisible characters, its lines ended by line feeds."""
    return _UNSEEN.sub("", _TERMINAL.sub("", _LINE_ENDS.sub("\n", text)))


def composed(text: str) -> str:
    """NFC: a letter and its accent as one character. Never NFKC, which changes six of ten Chinese rows (full-width marks)."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
