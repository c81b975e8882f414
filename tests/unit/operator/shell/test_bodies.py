"""What is read of raw objects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sft_operator.core.observed import JobEnd
from sft_operator.shell import bodies

OWNER = [{"uid": "not-it"}, {"uid": "owner", "controller": True}]
METADATA: dict[str, Any] = {
    "name": "x",
    "namespace": "team",
    "uid": "u",
    "creationTimestamp": "2026-03-01T12:00:00Z",
    "ownerReferences": OWNER,
    "labels": {"sft-operator.io/run": "2", "sft-operator.io/attempt": "evil", "sft-operator.io/stage": "train"},
}


def job(*conditions: dict[str, str]) -> dict[str, Any]:
    return {"metadata": METADATA, "status": {"conditions": list(conditions)}}


@pytest.mark.parametrize(
    ("conditions", "end"),
    [
        pytest.param([], None, id="at work"),
        pytest.param([{"type": "FailureTarget", "status": "True"}], None, id="about to fail: pods may still run"),
        pytest.param([{"type": "SuccessCriteriaMet", "status": "True"}], None, id="about to complete"),
        pytest.param([{"type": "Failed", "status": "False"}], None, id="a condition that does not hold"),
        pytest.param([{"type": "Complete", "status": "True"}], JobEnd("Complete", "", "", bodies.UNKNOWN_TIME), id="complete"),
        pytest.param(
            [{"type": "Failed", "status": "True", "reason": "r", "message": "m", "lastTransitionTime": "2026-03-01T12:00:00Z"}],
            JobEnd("Failed", "r", "m", datetime(2026, 3, 1, 12, tzinfo=UTC)),
            id="failed",
        ),
    ],
)
def test_a_job_is_over_when_kubernetes_says_complete_or_failed(conditions: list[dict[str, str]], end: JobEnd | None) -> None:
    assert bodies.child_job(job(*conditions)).end == end


def test_labels_that_are_no_numbers_count_as_none() -> None:
    found = bodies.child_job(job())
    assert (found.run, found.attempt, found.generation, found.stage) == (2, 0, 0, "train")


def test_only_the_controller_owns() -> None:
    assert bodies.is_owned_by({"metadata": METADATA}, "owner")
    assert not bodies.is_owned_by({"metadata": METADATA}, "not-it")
    assert not bodies.is_owned_by({"metadata": {"labels": {"sft-operator.io/uid": "owner"}}}, "owner")


def test_a_fresh_pod_has_nothing_to_say() -> None:
    found = bodies.pod({"metadata": METADATA, "spec": {}, "status": {"phase": "Pending"}})
    assert (found.phase, found.node, found.terminated, found.disruption) == ("Pending", None, None, None)
    assert (found.job_uid, found.created_at) == ("owner", datetime(2026, 3, 1, 12, tzinfo=UTC))


def test_an_ended_pod_says_how() -> None:
    state = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "said"}}
    disruption = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
    body = {
        "metadata": METADATA | {"deletionTimestamp": "2026-03-01T12:02:00Z"},
        "spec": {"nodeName": "n"},
        "status": {
            "phase": "Failed",
            "podIP": "10.0.0.1",
            "reason": "Evicted",
            "message": "low on memory",
            "containerStatuses": [{"state": state}],
            "conditions": [disruption],
        },
    }
    found = bodies.pod(body)
    assert found.terminated is not None
    assert (found.terminated.exit_code, found.terminated.reason, found.terminated.message) == (137, "OOMKilled", "said")
    assert (found.node, found.ip, found.status_reason, found.status_message) == ("n", "10.0.0.1", "Evicted", "low on memory")
    assert found.disruption == "PreemptionByScheduler"
    assert found.deletion_deadline == datetime(2026, 3, 1, 12, 2, tzinfo=UTC)


def test_a_waiting_pod_says_why() -> None:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    body = {
        "metadata": METADATA,
        "status": {"conditions": [scheduled], "containerStatuses": [{"state": waiting}]},
    }
    found = bodies.pod(body)
    assert found.unschedulable == "0/1 nodes"
    assert (found.waiting_reason, found.waiting_message) == ("ImagePullBackOff", "no such image")


def test_events_sort_by_when_they_were_last_seen() -> None:
    old: dict[str, Any] = {"lastTimestamp": "2026-03-01T12:00:00Z", "message": "old"}
    new: dict[str, Any] = {"eventTime": "2026-03-01T12:00:01.000000Z", "lastTimestamp": None, "message": "new"}
    assert sorted([old, new], key=bodies.event_time, reverse=True)[0] == new
