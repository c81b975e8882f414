"""SIGTERM: ends the process at once while nothing is worth saving, and training at the end of its step."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from sft_trainer.termination import RECORD_SECONDS

RESERVED_SECONDS = RECORD_SECONDS + 3.0
"""Of the grace period, for the exit record and for the processes to end."""


class StopRequest:
    """Whether this process was told to stop, and how long it has left."""

    def __init__(self, grace_seconds: float, end_at_once: Callable[[], NoReturn]) -> None:
        self.requested = False
        self._grace_seconds = grace_seconds
        self._end_at_once = end_at_once
        self._deadline = float("inf")
        self._is_training = False
        signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.requested:
            self.requested = True
            self._deadline = time.monotonic() + self._grace_seconds - RESERVED_SECONDS
        if not self._is_training:
            # An exception would wait for every thread on its way up, and a thread may ride out an outage of minutes.
            self._end_at_once()

    def end_if_requested(self) -> None:
        """After training: the signal may have come between its last look at `requested` and here."""
        if self.requested:
            self._end_at_once()

    @property
    def seconds_left(self) -> float:
        """For saving; without end while nobody asked to stop."""
        return max(0.0, self._deadline - time.monotonic())

    @contextmanager
    def held_until_step_end(self) -> Iterator[None]:
        """While training: the signal sets `requested`, and the loop saves and stops by itself."""
        self._is_training = True
        try:
            yield
        finally:
            self._is_training = False
