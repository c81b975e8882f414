"""Asking pods: hostile answers are dropped, and only what is worth it is written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sft_operator.shell import progress_polling
from sft_operator.shell.progress_polling import ProgressPolling, ask
from sft_operator.shell.work_queue import Key
from tests.unit.operator.core.worlds import pod

KEY = Key("SFTJob", "team", "bot")
GOOD = {"podUid": "uid", "phase": "Training", "step": 3, "totalSteps": 6, "updatedAt": 1.0}
PAUSE_SECONDS = 1.5 / progress_polling.WRITES_PER_SECOND
"""One job alone may be written down this often."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[int]:
    """A pod on the loopback; yields its port."""
    app = web.Application()
    app.router.add_get("/v1/progress", handler)
    app.router.add_get("/elsewhere", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def asked(handler: Handler) -> Any:
    async with answering(handler) as port, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.3)) as session:
        return await ask(session, f"http://127.0.0.1:{port}/v1/progress", "uid")


def saying(body: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    return handler


async def test_an_answer_that_parses_and_names_the_pod_is_taken() -> None:
    answer = await asked(saying(json.dumps(GOOD)))
    assert (answer.step, answer.total_steps) == (3, 6)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps(GOOD | {"podUid": "another"}), id="another pod"),
        pytest.param(json.dumps(GOOD | {"step": -1}), id="a step before the first"),
        pytest.param(json.dumps(GOOD | {"loss": "x"}), id="no number"),
        pytest.param(json.dumps(GOOD)[:-1] + ', "loss": NaN}', id="not finite"),
        pytest.param(json.dumps(GOOD | {"evil": 1}), id="an unknown field"),
        pytest.param("<html>", id="no JSON"),
        pytest.param("", id="nothing"),
        pytest.param(json.dumps(GOOD | {"podUid": "u" * 100_000}), id="too large"),
    ],
)
async def test_an_answer_that_cannot_be_relied_on_is_dropped(body: str) -> None:
    assert await asked(saying(body)) is None


async def test_a_pod_that_redirects_is_not_followed() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/elsewhere":
            return web.json_response(GOOD)
        raise web.HTTPFound("/elsewhere")

    assert await asked(handler) is None


async def test_a_pod_that_never_ends_its_answer_is_left() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.02)
        return response

    assert await asked(handler) is None


async def test_a_pod_that_floods_is_left() -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 50_000_000:
            await response.write(b" " * 10_000)
            sent += 10_000
        return response

    assert await asked(handler) is None
    assert sent < 20_000_000


async def test_no_credential_is_sent_to_a_pod() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.extend(request.headers)
        return web.json_response(GOOD)

    await asked(handler)
    assert "Authorization" not in seen
    assert "Cookie" not in seen


class Pod:
    """A pod whose figures a test sets."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = dict(GOOD)

    async def handle(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(self.figures)


async def offers(changes: list[dict[str, Any]], *, write_interval_seconds: float) -> list[int]:
    """The steps that are offered while a pod goes through these changes."""
    said = Pod()
    offered: list[int] = []
    async with answering(said.handle) as port, aiohttp.ClientSession() as session:
        polling = ProgressPolling(write_interval_seconds, port=port)
        polling.follow(KEY, pod("job", uid="uid", phase="Running", ip="127.0.0.1"))

        def offer(key: Key) -> None:
            newest = polling.newest(key)
            assert newest is not None
            offered.append(newest.step)

        for change in changes:
            said.figures |= change
            await asyncio.sleep(PAUSE_SECONDS)
            await polling.poll_once(session, offer)
    return offered


async def test_plain_steps_are_offered_once_in_an_interval() -> None:
    steps = [{"step": step} for step in range(1, 6)]
    assert await offers(steps, write_interval_seconds=60) == [1]
    assert await offers(steps, write_interval_seconds=0) == [1, 2, 3, 4, 5]


async def test_first_step_phase_and_checkpoint_are_offered_at_once() -> None:
    changes: list[dict[str, Any]] = [
        {"step": 0, "phase": "Starting"},
        {"phase": "Training"},
        {"step": 1},
        {"step": 2},
        {"step": 3, "lastCommittedStep": 3},
        {"step": 4},
        {"step": 5, "phase": "Publishing"},
    ]
    assert await offers(changes, write_interval_seconds=60) == [0, 0, 1, 3, 5]


async def test_a_pod_that_flaps_is_offered_once_in_an_interval() -> None:
    flapping: list[dict[str, Any]] = [
        {"step": number, "phase": phase, "lastCommittedStep": committed}
        for number, (phase, committed) in enumerate([("Training", 1), ("Evaluating", 0)] * 5)
    ]
    assert await offers(flapping, write_interval_seconds=60) == [0, 1]


async def test_the_next_pods_turns_are_its_own() -> None:
    said = Pod()
    async with answering(said.handle) as port, aiohttp.ClientSession() as session:
        polling = ProgressPolling(60, port=port)
        for uid in ("one", "two"):
            said.figures["podUid"] = uid
            polling.follow(KEY, pod("job", uid=uid, phase="Running", ip="127.0.0.1"))
            offered: list[Key] = []
            await polling.poll_once(session, offered.append)
            assert offered == [KEY]


async def test_what_did_not_change_is_not_offered_again() -> None:
    assert await offers([{}, {}, {}], write_interval_seconds=0) == [3]


async def test_a_pod_that_is_gone_is_no_longer_asked() -> None:
    polling = ProgressPolling(15)
    polling.follow(KEY, pod("job", uid="uid", phase="Running", ip="127.0.0.1"))
    polling.follow(KEY, None)
    async with aiohttp.ClientSession() as session:
        await polling.poll_once(session, lambda key: pytest.fail("nothing is followed"))
    assert polling.newest(KEY) is None


def test_addresses_of_both_families_make_a_url() -> None:
    polling = progress_polling.ProgressPolling(15)
    polling.follow(KEY, pod("job", ip="fd00::1", phase="Running"))
    assert polling._followed[KEY].url == "http://[fd00::1]:8080/v1/progress"
