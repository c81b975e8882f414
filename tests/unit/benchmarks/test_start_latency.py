"""What the benchmark makes of what the objects tell, and that it leaves nothing behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import start_latency
from benchmarks.start_latency import has_stepped, is_ready, measure, phases, wait_for
from demo import bucket, quickstart
from demo.cluster import AnyCluster
from demo.quickstart import QuickstartFailed
from tests.unit.demo.stand_ins import calls, cluster

READY = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-25T03:00:04Z"}]}
PLANNED = {"conditions": [{"type": "Planned", "status": "True", "lastTransitionTime": "2026-11-25T03:00:11Z"}]}
STEPPED = PLANNED | {"progress": {"firstStepAt": "2026-11-25T03:00:28Z"}}
STALLED = {"conditions": [{"type": "Stalled", "status": "True"}], "failure": {"message": "no rows", "remedy": "add some"}}


def watching(*statuses: dict[str, Any], end: str = "exec sleep 60") -> str:
    """A kubectl whose watch tells these and then nothing more."""
    lines = "\n".join(f"echo '{json.dumps(status) if status else ''}'" for status in statuses)
    return f'case "$*" in *--watch*)\n{lines}\n{end};; esac'


def test_phases_are_what_the_objects_tell() -> None:
    assert phases("2026-11-25T03:00:00Z", READY, STEPPED) == {
        "apply_to_ready_s": 4,
        "apply_to_planned_s": 11,
        "apply_to_first_step_s": 28,
        "planned_to_first_step_s": 17,
    }


def test_one_watch_waits_until_it_has_come(tmp_path: Path) -> None:
    team = cluster(tmp_path, watching({}, PLANNED, STEPPED))
    started = time.monotonic()
    assert wait_for(team, "sftjob", "support-bot", "x", has_stepped) == STEPPED
    assert time.monotonic() - started < 10, "the watch is ended, not waited for"
    assert len(calls(tmp_path)) == 1


def test_an_object_that_fails_ends_the_wait_in_the_operators_words(tmp_path: Path) -> None:
    with pytest.raises(QuickstartFailed, match="instructiondataset support-faq: no rows add some"):
        wait_for(cluster(tmp_path, watching({}, STALLED)), "instructiondataset", "support-faq", "x", is_ready)


@pytest.mark.parametrize("end", ["exec sleep 60", "exit 1"], ids=["nothing comes", "kubectl ends"])
def test_what_does_not_come_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(start_latency, "TIMEOUT_SECONDS", 0.3)
    with pytest.raises(QuickstartFailed, match="sftjob support-bot did not come to it"):
        wait_for(cluster(tmp_path, watching(PLANNED, end=end)), "sftjob", "support-bot", "x", has_stepped)


@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What of the object store was looked at to be removed."""
    uris: list[str] = []

    def list_objects(_: object, uri: str) -> dict[str, int]:
        uris.append(uri)
        return {}

    monkeypatch.setattr(bucket, "list_objects", list_objects)
    return uris


@pytest.mark.parametrize("step", ["apply", "watch"])
def test_a_round_that_fails_anywhere_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emptied: list[str], step: str
) -> None:
    def fail(_: AnyCluster, __: str) -> None:
        raise QuickstartFailed("no")

    does_nothing: Callable[[AnyCluster, str], None] = lambda _, __: None  # noqa: E731
    monkeypatch.setattr(quickstart, "apply", fail if step == "apply" else does_nothing)
    team = cluster(tmp_path, watching(STALLED))
    with pytest.raises(QuickstartFailed):
        measure(team)
    deleted = calls(tmp_path)[-1]
    assert deleted.startswith("kubectl delete namespace latency-")
    assert emptied == [f"s3://tuned/{deleted.split()[3]}/"]
