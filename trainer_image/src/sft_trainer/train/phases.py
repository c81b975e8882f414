"""Says in the log how long each phase took: what a slow start is looked up in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def timed(what: str) -> Iterator[None]:
    """One log line a phase."""
    begun = time.monotonic()
    yield
    print(f"phase {what}: {time.monotonic() - begun:.1f} s", flush=True)
