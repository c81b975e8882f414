"""Progress on the screen: each step with the seconds since the start. Goes to stderr; stdout is for answers."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_started = time.monotonic()


class LocalClusterError(Exception):
    """Something the user can mend; the text says what and how."""


def say(text: str) -> None:
    """One line of progress."""
    print(f"  {time.monotonic() - _started:5.0f} s  {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announces something slow, and says how long it took."""
    say(f"{text} ...")
    begun = time.monotonic()
    yield
    say(f"{text}: done in {time.monotonic() - begun:.0f} s")
