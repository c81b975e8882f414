"""A small API server over HTTP for the parts that talk to one: it records requests and answers as it is told.

It knows nothing of Kubernetes but the shape of answers; everything about behaviour is tested against the real one.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    content_type: str
    headers: Mapping[str, str]


@dataclass
class ApiServerDouble:
    """Answers by `answer`, which gets each request; records them all."""

    server: str = ""
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], tuple[int, Any] | Awaitable[tuple[int, Any]]] = lambda asked: (200, {})
    _session: aiohttp.ClientSession | None = None

    async def session(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    async def handle(self, request: web.Request) -> web.Response:
        text = await request.text()
        asked = Asked(
            request.method,
            request.raw_path.partition("?")[0],
            dict(request.query),
            json.loads(text) if text else None,
            request.headers.get("Content-Type", ""),
            request.headers,
        )
        self.asked.append(asked)
        answer = self.answer(asked)
        status, body = answer if isinstance(answer, tuple) else await answer
        if isinstance(body, str):
            return web.Response(status=status, text=body)
        return web.json_response(body, status=status)


@asynccontextmanager
async def serving() -> AsyncIterator[ApiServerDouble]:
    """A double that listens on a free port of the loopback."""
    double = ApiServerDouble()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", double.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    double.server = f"http://{host}:{port}"
    async with aiohttp.ClientSession() as session:
        double._session = session
        try:
            yield double
        finally:
            await runner.cleanup()
