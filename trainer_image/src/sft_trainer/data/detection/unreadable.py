"""A file that holds no rows that can be read: what was found, and what its owner can do."""

from __future__ import annotations


class UnreadableFile(Exception):
    """`found` continues "the file ..."; `remedy` is what to do about it."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(f"{found}; {remedy}")
        self.found = found
        self.remedy = remedy
