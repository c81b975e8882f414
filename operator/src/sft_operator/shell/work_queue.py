"""The work queue: every key waits in it once, is worked on by one worker at a time, and comes back after a failure.

A key that is added while it is worked on is worked on once more afterwards, so that no change is missed. Failures are
retried later and later; the first success forgets them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

logger = logging.getLogger(__name__)

FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 60.0
"""As long as the list-and-compare would take to bring the key back anyway."""


class Key(NamedTuple):
    """An object to look at."""

    kind: str
    namespace: str
    name: str


Work = Callable[[Key], Awaitable[float | None]]
"""Returns the seconds after which to look at the key again although nothing was seen to change."""


class WorkQueue:
    """Keys, and the workers that take them."""

    def __init__(self, work: Work, *, first_backoff_seconds: float = FIRST_BACKOFF_SECONDS) -> None:
        self._work = work
        self._first_backoff_seconds = first_backoff_seconds
        self._waiting: deque[Key] = deque()
        self._added_at: dict[Key, float] = {}
        """When each waiting key was added: it is also the set of them."""
        self._in_work: set[Key] = set()
        self._added_meanwhile: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._something_waits = asyncio.Event()

    def add(self, key: Key) -> None:
        """Has the key worked on as soon as a worker is free."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._in_work:
            self._added_meanwhile.add(key)
        elif key not in self._added_at:
            self._added_at[key] = asyncio.get_running_loop().time()
            self._waiting.append(key)
            self._something_waits.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Has the key worked on by then; of two such times the earlier one counts."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        timer = self._timers.get(key)
        if timer is not None and timer.when() <= due:
            return
        if timer is not None:
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._ring, key)

    def _ring(self, key: Key) -> None:
        del self._timers[key]
        self.add(key)

    def oldest_seconds(self) -> float:
        """How long the key has waited that waits longest; 0 when none does."""
        if not self._waiting:
            return 0.0
        return asyncio.get_running_loop().time() - self._added_at[self._waiting[0]]

    async def run(self, workers: int) -> None:
        """Works for ever, with so many workers."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._serve())

    async def _serve(self) -> None:
        while True:
            while not self._waiting:
                self._something_waits.clear()
                await self._something_waits.wait()
            key = self._waiting.popleft()
            del self._added_at[key]
            self._in_work.add(key)
            try:
                await self._work_on(key)
            finally:
                self._in_work.discard(key)
            if key in self._added_meanwhile:
                self._added_meanwhile.discard(key)
                self.add(key)

    async def _work_on(self, key: Key) -> None:
        try:
            again_after_seconds = await self._work(key)
        except Exception as error:  # the boundary of the loop: whatever failed, the key is tried again
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            seconds = min(self._first_backoff_seconds * 2 ** min(failures - 1, 16), MAX_BACKOFF_SECONDS)
            self.add_after(key, seconds)
            logger.warning(
                "Could not reconcile; trying again",
                exc_info=error if failures == 1 else None,
                extra={"key": "/".join(key), "failures": failures, "seconds": seconds, "error": str(error)},
            )
        else:
            self._failures.pop(key, None)
            if again_after_seconds is not None:
                self.add_after(key, again_after_seconds)
