"""/healthz and /readyz. They tell of this process alone: that the API server is away does not make it unhealthy."""

from __future__ import annotations

from aiohttp import web

from sft_operator.shell.resync import Resync
from sft_operator.shell.watch_canary import WatchCanary
from sft_operator.shell.work_queue import WorkQueue

MAX_QUEUE_SECONDS = 300.0
"""Every request ends within 30 seconds; a key that waits ten times as long waits for a worker that hangs."""


class Health:
    """Answers the kubelet's probes."""

    def __init__(self, queue: WorkQueue, resync: Resync, canary: WatchCanary) -> None:
        self._queue = queue
        self._resync = resync
        self._canary = canary

    async def serve(self, port: int) -> web.AppRunner:
        """Starts to serve on all addresses; the caller ends it with `cleanup`."""
        app = web.Application()
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, host=None, port=port).start()
        return runner

    async def healthz(self, _: web.Request) -> web.Response:
        """Whether a restart would not help."""
        if self._queue.oldest_seconds() > MAX_QUEUE_SECONDS:
            return web.Response(status=503, text=f"a key waits for {self._queue.oldest_seconds():.0f} s\n")
        if self._canary.missed:
            return web.Response(status=503, text=f"the watch missed changes of {self._canary.missed} objects\n")
        return web.Response(text="ok\n")

    async def readyz(self, _: web.Request) -> web.Response:
        """Whether the operator is at work."""
        if not self._resync.has_succeeded:
            return web.Response(status=503, text="the API server was not reached yet, or lacks the CRDs\n")
        return web.Response(text="ok\n")
