"""SIGTERM: stops at once while nothing is worth saving, and at the end of the step while training."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sft_trainer.failure import Preempted


class StopRequest:
    """Whether this process was told to stop."""

    def __init__(self) -> None:
        self.requested = False
        self._may_raise = True
        signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self._may_raise:
            raise Preempted

    @contextmanager
    def held_until_step_end(self) -> Iterator[None]:
        """While training: the signal sets `requested`, and the loop saves and stops by itself."""
        self._may_raise = False
        try:
            yield
        finally:
            self._may_raise = True
