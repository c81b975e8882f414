"""Text on its way into a status: bounded, and without control characters, for part of it comes from pods."""

from __future__ import annotations


def cut(text: str, max_length: int) -> str:
    """The text in one line of printable characters, its end cut off where it is too long."""
    clean = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return clean if len(clean) <= max_length else clean[: max_length - 3] + "..."
