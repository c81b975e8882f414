"""Text on its way into a status: bounded, and without control characters, for part of it comes from pods."""

from __future__ import annotations

ELLIPSIS = "..."


def cut(text: str, max_length: int) -> str:
    """The text in one line of printable characters; where it takes more bytes of UTF-8 than that, its end is cut off.

    Bytes, because a status as a whole must stay small, and a Chinese character takes three of them.
    """
    clean = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    encoded = clean.encode()
    if len(encoded) <= max_length:
        return clean
    return encoded[: max_length - len(ELLIPSIS)].decode(errors="ignore") + ELLIPSIS
