"""Puts the parts together and runs them until a signal comes, or until one of them ends and must not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from sft_operator.settings import Settings
from sft_operator.shell.attention import Attention
from sft_operator.shell.client import Client
from sft_operator.shell.events import EventRecorder
from sft_operator.shell.execute import Executor
from sft_operator.shell.gather import Gatherer
from sft_operator.shell.handlers import Handlers
from sft_operator.shell.health import Health
from sft_operator.shell.progress_polling import ProgressPolling
from sft_operator.shell.reconcile import Reconciler
from sft_operator.shell.resync import Resync
from sft_operator.shell.session import ApiServer
from sft_operator.shell.terminated_pods import TerminatedPods
from sft_operator.shell.watch_canary import WatchCanary
from sft_operator.shell.watches import watch
from sft_operator.shell.work_queue import WorkQueue

logger = logging.getLogger(__name__)


async def serve(settings: Settings, api_server: ApiServer) -> bool:
    """Works until SIGTERM or SIGINT; False if a part ended before, which only a restart can mend."""
    client = Client(api_server)
    attention, terminated_pods, canary = Attention(), TerminatedPods(), WatchCanary()
    progress = ProgressPolling(settings.progress_interval_seconds)
    gatherer = Gatherer(client, settings.images, terminated_pods, progress)
    reconciler = Reconciler(gatherer, Executor(client, EventRecorder(client)), attention)
    queue = WorkQueue(reconciler.reconcile)
    resync = Resync(client, queue, attention, canary)
    registry = Handlers(queue, attention, terminated_pods, canary).register()
    stop = asyncio.Event()
    health = await Health(queue, resync, canary).serve(settings.health_port)
    try:
        return await _run_until_signal(
            [
                queue.run(settings.workers),
                progress.run(queue.add),
                resync.run(settings.resync_seconds),
                watch(registry, api_server, stop),
            ],
            stop,
        )
    finally:
        await health.cleanup()
        await api_server.close()
        asyncio.get_running_loop().set_exception_handler(while_closing)


def while_closing(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """kopf leaves the generators of its watches to the loop, which cannot always close them: their requests are over by then."""
    if "asyncgen" in context:
        logger.debug("%s", context["message"])
    else:
        loop.default_exception_handler(context)


async def _run_until_signal(parts: Sequence[Coroutine[Any, Any, None]], stop: asyncio.Event) -> bool:
    tasks = [asyncio.create_task(part) for part in parts]
    stopped = asyncio.create_task(stop.wait())
    done, pending = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done - {stopped}:
        logger.error("A part of the operator ended", exc_info=task.exception())
    return stopped in done
