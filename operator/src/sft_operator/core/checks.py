"""A check that did not hold: the first one becomes the object's reason."""

from __future__ import annotations


class Unmet(Exception):
    """What stands in the way, as a condition's reason, and what to do about it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = str(reason)
        self.message = message
