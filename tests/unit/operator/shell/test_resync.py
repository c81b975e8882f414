"""List and compare."""

from __future__ import annotations

import pytest

from sft_operator.shell.attention import Attention
from sft_operator.shell.client import Client, NotFound
from sft_operator.shell.health import Health
from sft_operator.shell.resync import Resync
from sft_operator.shell.watch_canary import WatchCanary
from sft_operator.shell.work_queue import Key, WorkQueue
from tests.unit.operator.shell.api_server import ApiServerDouble, Asked

SETTLED, CHANGED, WAITS, GONE = (Key("SFTJob", "team", name) for name in ("settled", "changed", "waits", "gone"))


async def nothing(_: Key) -> None:
    raise AssertionError("no worker runs here")


def listing(asked: Asked) -> tuple[int, object]:
    if asked.path.endswith("/sftjobs"):
        names = ("settled", "changed", "waits")
        items = [{"metadata": {"namespace": "team", "name": name, "resourceVersion": "7"}} for name in names]
        return 200, {"items": items}
    return 200, {"items": []}


async def test_only_what_is_not_settled_is_looked_at_again(api_server: ApiServerDouble) -> None:
    api_server.answer = listing
    attention, queue = Attention(), WorkQueue(nothing)
    attention.settled(SETTLED, "7")
    attention.settled(CHANGED, "6")
    attention.waits(WAITS)
    attention.waits(GONE)
    resync = Resync(Client(api_server), queue, attention, WatchCanary())
    await resync.resync_once()
    assert set(queue._waiting) == {CHANGED, WAITS, GONE}
    assert {asked.method for asked in api_server.asked} == {"GET"}
    whole = [asked.path for asked in api_server.asked if "PartialObjectMetadataList" not in asked.headers["Accept"]]
    assert [(asked.path, asked.query["limit"]) for asked in api_server.asked if asked.path in whole] == [
        ("/apis/sft-operator.io/v1alpha1/trainingprofiles", "1")
    ]


async def test_the_operator_is_ready_once_it_has_listed_all_kinds(api_server: ApiServerDouble) -> None:
    queue, canary = WorkQueue(nothing), WatchCanary()
    resync = Resync(Client(api_server), queue, Attention(), canary)
    health = Health(queue, resync, canary)
    request: object = None
    assert (await health.readyz(request)).status == 503  # type: ignore[arg-type] # the request is not looked at
    api_server.answer = lambda asked: (404, {}) if asked.path.endswith("/trainingprofiles") else (200, {"items": []})
    with pytest.raises(NotFound):
        await resync.resync_once()
    assert (await health.readyz(request)).status == 503  # type: ignore[arg-type] # likewise
    api_server.answer = listing
    await resync.resync_once()
    assert (await health.readyz(request)).status == 200  # type: ignore[arg-type] # likewise
    assert (await health.healthz(request)).status == 200  # type: ignore[arg-type] # likewise


async def test_the_operator_is_unhealthy_when_its_watch_is_dead(api_server: ApiServerDouble) -> None:
    api_server.answer = listing
    queue, canary = WorkQueue(nothing), WatchCanary()
    resync = Resync(Client(api_server), queue, Attention(), canary)
    for _ in range(2):
        await resync.resync_once()
    answer = await Health(queue, resync, canary).healthz(None)  # type: ignore[arg-type] # the request is not looked at
    assert answer.status == 503
