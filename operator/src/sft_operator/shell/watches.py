"""kopf, reduced to what it is best at: watch streams that reconnect, and their life cycle.

No finalizer, no annotation, no Event of kopf's own, no scan for new kinds or namespaces.
"""

from __future__ import annotations

import asyncio
import signal

import kopf

from sft_operator.shell.handlers import CHILD_SELECTOR
from sft_operator.shell.resources import JOBS, PODS, Resource
from sft_operator.shell.session import ApiServer

REQUEST_SECONDS = 30
IDENTITY = "sft-operator"
"""Who kopf says it is. By default it asks for the user's name, which a container's numeric user has none of."""
RECONNECT_SECONDS = [1, 1, 2, 3, 5, 8, 13, *[15] * 40]
"""An API server that is away for ten minutes costs no restart; after that a fresh process may see what this one cannot."""
CHUNK_SIZE = 500
"""Objects in one page of the first list: keeps the memory of a start bounded."""


async def watch(registry: kopf.OperatorRegistry, api_server: ApiServer, stop: asyncio.Event) -> None:
    """Watches until it is cancelled; raises when a stream cannot go on."""

    async def login(**_: object) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=api_server.server, aiohttp_session=await api_server.session())

    kopf.on.login(registry=registry)(login)
    existing = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(registry=registry, settings=_settings(), standalone=True, clusterwide=True, identity=IDENTITY)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # kopf has just set its own, which would stop the watches alone.
        loop.add_signal_handler(number, stop.set)
    await kopf.run_tasks(tasks, ignored=existing)


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.networking.request_timeout = REQUEST_SECONDS
    settings.networking.error_backoffs = RECONNECT_SECONDS
    settings.watching.chunk_size = CHUNK_SIZE
    for resource in (JOBS, PODS):
        settings.watching.label_selectors[_key(resource)] = CHILD_SELECTOR
    return settings


def _key(resource: Resource) -> tuple[str, str, str]:
    return resource.group, resource.version, resource.plural
