"""Asks running training pods how far they are, and offers what is worth writing down.

A pod's answer is hostile input: it comes from a known address without redirects, within a time and a size, and counts
only if it parses and names the pod's own UID. No credential is ever sent to a pod.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from pydantic import ValidationError

from sft_operator.core.observed import Pod
from sft_operator.core.progress import turns
from sft_operator.shell.work_queue import Key
from sft_trainer.contract import PROGRESS_PORT, Progress

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
MAX_ANSWER_BYTES = 64 * 1024
POLL_SECONDS = 3.0
"""So soon the first step and a committed checkpoint are seen."""
POLLS_PER_SECOND = 30
"""With more than 90 running jobs each is asked less often."""
WRITES_PER_SECOND = 50
"""With more than 750 running jobs (at 15 seconds) each is written down less often."""
CONCURRENT_POLLS = 16


@dataclass(slots=True)
class _Followed:
    pod_uid: str
    url: str
    offered: Progress | None = None
    offered_at: float = 0.0
    turns: frozenset[str] = frozenset()
    """Of this pod, those that were offered."""


class ProgressPolling:
    """The running pods, and their newest answers."""

    def __init__(self, write_interval_seconds: float, *, port: int = PROGRESS_PORT) -> None:
        self._write_interval_seconds = write_interval_seconds
        self._port = port
        self._followed: dict[Key, _Followed] = {}

    def follow(self, key: Key, pod: Pod | None) -> None:
        """From now on this is the object's running pod, or it has none."""
        if pod is None or not pod.ip:
            self._followed.pop(key, None)
            return
        known = self._followed.get(key)
        host = f"[{pod.ip}]" if ":" in pod.ip else pod.ip
        url = f"http://{host}:{self._port}/v1/progress"
        if known is None or (known.pod_uid, known.url) != (pod.uid, url):
            self._followed[key] = _Followed(pod.uid, url)

    def newest(self, key: Key) -> Progress | None:
        """The newest answer that was worth writing down."""
        followed = self._followed.get(key)
        return followed.offered if followed else None

    async def run(self, offer: Callable[[Key], None]) -> None:
        """Asks for ever; calls `offer` for a key whose pod has something new to say."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        connector = aiohttp.TCPConnector(limit=CONCURRENT_POLLS)
        async with aiohttp.ClientSession(
            timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        ) as session:
            while True:
                await asyncio.sleep(max(POLL_SECONDS, len(self._followed) / POLLS_PER_SECOND))
                await self.poll_once(session, offer)

    async def poll_once(self, session: aiohttp.ClientSession, offer: Callable[[Key], None]) -> None:
        """Asks every followed pod once."""
        room = asyncio.Semaphore(CONCURRENT_POLLS)

        async def poll(key: Key, followed: _Followed) -> None:
            async with room:
                answer = await ask(session, followed.url, followed.pod_uid)
            if answer is not None and self._is_worth_writing(followed, answer):
                followed.offered, followed.offered_at = answer, asyncio.get_running_loop().time()
                followed.turns |= turns(answer)
                offer(key)

        await asyncio.gather(*(poll(key, followed) for key, followed in list(self._followed.items())))

    def _is_worth_writing(self, followed: _Followed, answer: Progress) -> bool:
        if turns(answer) - followed.turns:
            return True
        interval = max(self._write_interval_seconds, len(self._followed) / WRITES_PER_SECOND)
        is_time = asyncio.get_running_loop().time() - followed.offered_at >= interval
        return is_time and answer != followed.offered


async def ask(session: aiohttp.ClientSession, url: str, pod_uid: str) -> Progress | None:
    """One pod's answer; None for one that does not come, does not parse, or is another pod's."""
    try:
        async with session.get(url, allow_redirects=False) as response:
            if response.status != 200:
                return None
            body = await _read_at_most(response, MAX_ANSWER_BYTES)
        answer = Progress.model_validate_json(body)
    except (aiohttp.ClientError, TimeoutError, OSError, ValidationError, OversizedAnswer) as error:
        logger.debug("Got no progress", extra={"url": url, "error": f"{type(error).__name__}: {error}"})
        return None
    return answer if answer.pod_uid == pod_uid else None


class OversizedAnswer(Exception):
    """More bytes than any progress has."""


async def _read_at_most(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    body = b""
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise OversizedAnswer(f"more than {max_bytes} bytes")
    return body
