"""How the operator ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sft_operator.shell.operator import while_closing


@asynccontextmanager
async def unwilling() -> AsyncIterator[None]:
    """Goes on where it should stop, as a request does that is retried."""
    for _ in range(2):
        try:
            yield
        except GeneratorExit:
            continue


async def watching() -> AsyncIterator[int]:
    async with unwilling():
        yield 1


async def leave_a_generator_open(kept: list[AsyncIterator[int]]) -> None:
    kept.append(watching())
    await anext(kept[0])
    asyncio.get_running_loop().set_exception_handler(while_closing)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_watch_that_cannot_be_closed_any_more_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    kept: list[AsyncIterator[int]] = []
    asyncio.run(leave_a_generator_open(kept))
    assert caplog.text == ""


def test_every_other_error_while_closing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    while_closing(loop, {"message": "Task exception was never retrieved", "exception": ValueError("lost")})
    loop.close()
    assert "lost" in caplog.text
