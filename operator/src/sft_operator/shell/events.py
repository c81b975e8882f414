"""Events for people, through events.k8s.io/v1. The same one said again counts up instead of filling the store.

An Event that could not be written is logged and let go: the status says it all, and stands already.
"""

from __future__ import annotations

import logging
import secrets
import socket
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

from sft_operator.api import API_VERSION
from sft_operator.core.decision import Announcement
from sft_operator.core.observed import Parent
from sft_operator.core.text import cut
from sft_operator.shell.client import ApiError, Client, NotFound
from sft_operator.shell.resources import EVENTS

CONTROLLER = "sft-operator.io/sft-operator"
REMEMBERED = 1000
"""Events that a repetition is recognised of; one that was forgotten is written anew."""
MAX_NOTE_LENGTH = 1024
"""The API server's limit."""
logger = logging.getLogger(__name__)


class EventRecorder:
    """Writes Events, each kind of message about an object once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._written: OrderedDict[tuple[str, Announcement], tuple[str, int]] = OrderedDict()

    async def record(self, parent: Parent, announcement: Announcement) -> None:
        """Writes the Event, or counts up the one that says the same."""
        key = (parent.uid, announcement)
        try:
            self._written[key] = await self._repeat_or_write(parent, announcement, self._written.get(key))
        except ApiError as error:
            logger.warning("Could not write an Event", extra={"object": parent.name, "error": str(error)})
            return
        self._written.move_to_end(key)
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)

    async def _repeat_or_write(
        self, parent: Parent, announcement: Announcement, known: tuple[str, int] | None
    ) -> tuple[str, int]:
        """Name of the Event that stands now, and how often it was said."""
        if known is not None:
            name, count = known
            if await self._repeat(parent, name, count + 1):
                return name, count + 1
        return await self._write(parent, announcement), 1

    async def _write(self, parent: Parent, announcement: Announcement) -> str:
        name = f"{parent.name}.{secrets.token_hex(8)}"
        await self._client.create(EVENTS, parent.namespace, _body(parent, announcement, name))
        return name

    async def _repeat(self, parent: Parent, name: str, count: int) -> bool:
        """Whether the Event was still there to be counted up."""
        series = {"series": {"count": count, "lastObservedTime": _now()}}
        try:
            await self._client.merge(EVENTS, parent.namespace, name, series)
        except NotFound:
            return False
        return True


def _body(parent: Parent, announcement: Announcement, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": parent.namespace},
        "eventTime": _now(),
        "reportingController": CONTROLLER,
        "reportingInstance": socket.gethostname()[:128],
        "action": "Reconcile",
        "type": announcement.type,
        "reason": announcement.reason,
        "note": cut(announcement.note, MAX_NOTE_LENGTH) or announcement.reason,
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": parent.kind,
            "namespace": parent.namespace,
            "name": parent.name,
            "uid": parent.uid,
        },
    }


def _now() -> str:
    return datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
