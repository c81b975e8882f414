"""Conditions as generic tools read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sft_operator.api.condition import Condition
from sft_operator.api.reasons import ConditionType, Reason
from sft_operator.core import conditions
from sft_operator.core.conditions import Moment, Statement
from tests.unit.operator.core.worlds import NOW, Cluster, condition, dataset_world, planned, sft_job_world, trained

MOMENT = Moment(2, NOW)
LATER = Moment(3, NOW + timedelta(hours=1))


def ready(status: conditions.Truth = "True", message: str = "m") -> Statement:
    return Statement(ConditionType.READY, status, Reason.PUBLISHED, message)


def test_the_time_of_a_condition_moves_with_its_status_only() -> None:
    first = conditions.state([], [ready()], MOMENT)
    again = conditions.state(first, [ready(message="other")], LATER)
    assert again[0].last_transition_time == first[0].last_transition_time
    assert (again[0].message, again[0].observed_generation) == ("other", 3)
    turned = conditions.state(again, [ready("False")], LATER)
    assert turned[0].last_transition_time == "2026-03-01T13:00:00Z"


def test_what_is_not_spoken_of_stays_and_the_order_is_always_the_same() -> None:
    unheard_of = condition("FromANewerVersion", "True")
    found = conditions.state([unheard_of, condition("Stalled", "False"), condition("Accepted", "True")], [ready()], MOMENT)
    assert [one.type for one in found] == ["Accepted", "Ready", "Stalled", "FromANewerVersion"]
    assert found[-1] == unheard_of


def test_messages_are_one_bounded_line_without_control_characters() -> None:
    found = conditions.state([], [ready(message="a\n\x1b[31mb\u202e" + "c" * 5000)], MOMENT)
    assert len(found[0].message) == 1024
    assert found[0].message.startswith("a [31mb c")
    assert found[0].message.isprintable()


@pytest.mark.parametrize(
    ("before", "after", "type"),
    [
        pytest.param([], conditions.at_work(Reason.PREPARING, "m"), "Normal", id="at work"),
        pytest.param([], conditions.at_work(Reason.SECRET_NOT_FOUND, "m"), "Warning", id="in trouble"),
        pytest.param([], conditions.stalled("SourceEmpty", "m"), "Warning", id="stalled"),
        pytest.param(conditions.at_work(Reason.RETRYING, "m"), conditions.settled("Completed", "m"), "Normal", id="done"),
        pytest.param(conditions.at_work("A", "m"), conditions.at_work("A", "another"), None, id="the same again"),
    ],
)
def test_an_event_tells_a_turn(before: list[Statement], after: list[Statement], type: str | None) -> None:
    old = conditions.state([], before, MOMENT)
    announced = conditions.announce(old, conditions.state(old, after, LATER))
    assert [announcement.type for announcement in announced] == ([] if type is None else [type])


def kstatus(found: list[Condition], observed_generation: int, generation: int) -> str:
    """As sigs.k8s.io/cli-utils computes it for a kind it knows nothing of."""
    truth = {one.type: one.status for one in found}
    if observed_generation != generation or truth.get("Reconciling") == "True":
        return "InProgress"
    if truth.get("Stalled") == "True":
        return "Failed"
    return "Current" if truth.get("Ready") == "True" else "InProgress"


def seen(cluster: Cluster) -> str:
    generation = cluster.world.parent.generation
    return kstatus(cluster.status.conditions, cluster.status.observed_generation, generation)


def test_generic_tools_see_a_run_in_progress_failed_or_current() -> None:
    cluster = Cluster(sft_job_world(datasets={}))
    assert seen(cluster) == "InProgress", "a fresh object never reads as done"
    cluster.settle()
    assert seen(cluster) == "InProgress", "it waits for its dataset"
    cluster.world = replace(cluster.world, datasets=sft_job_world().datasets)
    cluster.settle()
    assert seen(cluster) == "InProgress", "it is planned"
    cluster.end_pod(0, "Completed", **planned())
    assert seen(cluster) == "InProgress", "its pod starts"
    cluster.start_pod()
    cluster.settle()
    assert seen(cluster) == "Current", "it trains: a deployment tool need not wait for hours"
    cluster.end_pod(22, "Hardware")
    assert seen(cluster) == "InProgress", "between attempts"
    cluster.wait(10)
    cluster.end_pod(0, "Completed", **trained(cluster.status.resolved.output_uri))
    assert seen(cluster) == "Current"
    cluster.edit(cluster.world.spec.model_copy(update={"run": 2}))
    cluster.end_pod(10, "ModelNotFound")
    assert seen(cluster) == "Failed"


def test_generic_tools_see_a_dataset_that_is_not_accepted_as_failed() -> None:
    cluster = Cluster(dataset_world(profiles=[]))
    cluster.settle()
    assert seen(cluster) == "Failed"
