"""List and compare, once a minute: heals whatever a lost event left behind.

Watches lose events: after one has expired, objects that were deleted meanwhile are never reported. Whatever is not
settled is looked at again, and so is whatever changed since it was.
"""

from __future__ import annotations

import asyncio
import logging

from sft_operator.shell.attention import Attention
from sft_operator.shell.client import ApiError, Client
from sft_operator.shell.resources import DATASETS, PROFILES, SFT_JOBS
from sft_operator.shell.watch_canary import WatchCanary
from sft_operator.shell.work_queue import Key, WorkQueue

logger = logging.getLogger(__name__)


class Resync:
    """Lists both kinds, and puts what needs it on the queue."""

    def __init__(self, client: Client, queue: WorkQueue, attention: Attention, canary: WatchCanary) -> None:
        self._client = client
        self._queue = queue
        self._attention = attention
        self._canary = canary
        self.has_succeeded = False
        """Whether the API server was reached once and knows all our kinds."""

    async def run(self, seconds: float) -> None:
        """Goes on for ever; an API server that is away is asked again the next time."""
        while True:
            try:
                await self.resync_once()
            except ApiError as error:
                logger.warning("Could not list all objects", extra={"error": str(error)})
            await asyncio.sleep(seconds)

    async def resync_once(self) -> None:
        """Lists and compares once."""
        listed: dict[Key, str] = {}
        for kind, resource in (("InstructionDataset", DATASETS), ("SFTJob", SFT_JOBS)):
            for (namespace, name), version in (await self._client.resource_versions(resource)).items():
                listed[Key(kind, namespace, name)] = version
        await self._client.list(PROFILES, limit=1)
        self.has_succeeded = True
        self._canary.compare(listed)
        gone = [key for key in self._attention.waiting() if key not in listed]
        for key in [*gone, *(key for key, version in listed.items() if not self._attention.is_settled(key, version))]:
            self._queue.add(key)
