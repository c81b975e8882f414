"""The work queue: no key is lost, none is worked on twice at once, and what fails comes back."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from sft_operator.shell.work_queue import Key, WorkQueue

A, B = Key("SFTJob", "team", "a"), Key("SFTJob", "team", "b")


@asynccontextmanager
async def running(work: Callable[[Key], Awaitable[float | None]], *, workers: int = 4) -> AsyncIterator[WorkQueue]:
    queue = WorkQueue(work, first_backoff_seconds=0.01)
    task = asyncio.create_task(queue.run(workers))
    try:
        yield queue
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 what holds is a figure of the test, not an event
            await asyncio.sleep(0.002)


async def test_a_key_that_is_added_often_waits_once() -> None:
    done: Counter[Key] = Counter()
    free = asyncio.Event()

    async def work(key: Key) -> None:
        await free.wait()
        done[key] += 1

    async with running(work, workers=1) as queue:
        queue.add(A)
        await asyncio.sleep(0.01)
        for _ in range(100):
            queue.add(B)
        free.set()
        await until(lambda: done[B] == 1)
        await asyncio.sleep(0.02)
        assert done == {A: 1, B: 1}


async def test_a_key_is_never_worked_on_twice_at_once_and_no_change_is_missed() -> None:
    at_work: set[Key] = set()
    done: Counter[Key] = Counter()

    async def work(key: Key) -> None:
        assert key not in at_work
        at_work.add(key)
        await asyncio.sleep(0.02)
        at_work.discard(key)
        done[key] += 1

    async with running(work) as queue:
        queue.add(A)
        await asyncio.sleep(0.005)
        queue.add(A)
        queue.add(A)
        await until(lambda: done[A] == 2)
        await asyncio.sleep(0.05)
        assert done[A] == 2, "what was added while it was worked on is worked on once more"


async def test_different_keys_are_worked_on_side_by_side() -> None:
    at_work: set[Key] = set()
    together = asyncio.Event()

    async def work(key: Key) -> None:
        at_work.add(key)
        if at_work == {A, B}:
            together.set()
        await together.wait()

    async with running(work) as queue:
        queue.add(A)
        queue.add(B)
        await asyncio.wait_for(together.wait(), 5)


async def test_what_fails_comes_back_later_and_later_until_it_succeeds(caplog: pytest.LogCaptureFixture) -> None:
    times: list[float] = []

    async def work(_: Key) -> None:
        times.append(asyncio.get_running_loop().time())
        if len(times) < 5:
            raise ConnectionError("the API server is away")

    with caplog.at_level(logging.WARNING):
        async with running(work) as queue:
            queue.add(A)
            await until(lambda: len(times) == 5)
            await asyncio.sleep(0.1)
    assert len(times) == 5, "a success is the end of it"
    gaps = [later - earlier for earlier, later in pairwise(times)]
    for gap, least in zip(gaps, (0.01, 0.02, 0.04, 0.08), strict=True):
        assert gap >= least
    assert [record.getMessage() for record in caplog.records] == ["Could not reconcile; trying again"] * 4


async def test_a_failure_of_one_key_does_not_hold_up_another() -> None:
    done: list[Key] = []

    async def work(key: Key) -> None:
        if key == A:
            raise ValueError("broken for ever")
        done.append(key)

    async with running(work, workers=1) as queue:
        for _ in range(20):
            queue.add(A)
            queue.add(B)
            await asyncio.sleep(0.002)
        await until(lambda: len(done) >= 5)


async def test_a_key_comes_back_when_its_work_asks_for_it() -> None:
    times: list[float] = []

    async def work(_: Key) -> float | None:
        times.append(asyncio.get_running_loop().time())
        return 0.03 if len(times) == 1 else None

    async with running(work) as queue:
        queue.add(A)
        await until(lambda: len(times) == 2)
        assert times[1] - times[0] >= 0.03


async def test_of_two_times_the_earlier_one_counts_and_an_event_comes_before_both() -> None:
    times: list[float] = []

    async def work(_: Key) -> None:
        times.append(asyncio.get_running_loop().time())

    async with running(work) as queue:
        started = asyncio.get_running_loop().time()
        queue.add_after(A, 30)
        queue.add_after(A, 0.03)
        queue.add_after(A, 40)
        await until(lambda: len(times) == 1)
        assert 0.03 <= times[0] - started < 5
        queue.add_after(A, 30)
        queue.add(A)
        await until(lambda: len(times) == 2)
        assert queue._timers == {}, "the key was looked at: no reason to come back for the old time"


async def test_the_age_of_the_queue_tells_that_no_worker_is_free() -> None:
    never = asyncio.Event()

    async def work(_: Key) -> None:
        await never.wait()

    async with running(work, workers=1) as queue:
        assert queue.oldest_seconds() == 0
        queue.add(A)
        await asyncio.sleep(0.01)
        assert queue.oldest_seconds() == 0, "it is at work"
        queue.add(B)
        await asyncio.sleep(0.03)
        assert queue.oldest_seconds() >= 0.03
