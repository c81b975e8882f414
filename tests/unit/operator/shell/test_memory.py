"""What the operator remembers between two looks: only to look again in time, never to decide."""

from __future__ import annotations

from dataclasses import replace

from sft_operator.core.observed import Terminated
from sft_operator.shell.attention import Attention
from sft_operator.shell.terminated_pods import TerminatedPods
from sft_operator.shell.watch_canary import WatchCanary
from sft_operator.shell.work_queue import Key
from tests.unit.operator.core.worlds import pod

JOB, DATASET = Key("SFTJob", "team", "bot"), Key("InstructionDataset", "team", "faq")
ENDED = pod("job", phase="Failed", terminated=Terminated(10, "Error", "said"))


def test_a_pod_that_is_gone_is_remembered_as_it_ended() -> None:
    pods = TerminatedPods()
    pods.remember(ENDED)
    assert pods.complete([], {"job"}) == [ENDED]
    assert pods.complete([], {"another-job"}) == []


def test_a_list_that_lags_behind_does_not_hide_an_end() -> None:
    pods = TerminatedPods()
    pods.remember(ENDED)
    assert pods.complete([replace(ENDED, phase="Running", terminated=None)], {"job"}) == [ENDED]


def test_a_running_pod_is_not_remembered() -> None:
    pods = TerminatedPods()
    pods.remember(replace(ENDED, terminated=None))
    assert pods.complete([], {"job"}) == []


def test_pods_are_forgotten_once_a_status_holds_their_end_and_when_there_are_too_many() -> None:
    pods = TerminatedPods(capacity=2)
    for number in range(3):
        pods.remember(replace(ENDED, uid=f"pod-{number}", job_uid=f"job-{number}"))
    assert [found.uid for found in pods.complete([], {"job-0", "job-1", "job-2"})] == ["pod-1", "pod-2"]
    pods.forget({"job-1"})
    assert [found.uid for found in pods.complete([], {"job-1", "job-2"})] == ["pod-2"]


def test_an_object_is_settled_at_one_version_only() -> None:
    attention = Attention()
    attention.settled(JOB, "7")
    assert attention.is_settled(JOB, "7")
    assert not attention.is_settled(JOB, "8")
    attention.waits(JOB)
    assert not attention.is_settled(JOB, "7")


def test_those_who_wait_can_be_found() -> None:
    attention = Attention()
    attention.waits(JOB)
    attention.waits(DATASET)
    assert attention.waiting("SFTJob", "team") == [JOB]
    assert attention.waiting("SFTJob", "another") == []
    assert set(attention.waiting()) == {JOB, DATASET}
    attention.gone(JOB)
    attention.settled(DATASET, "7")
    assert attention.waiting() == []


def test_a_watch_that_tells_of_every_change_is_alive() -> None:
    canary = WatchCanary()
    canary.saw(JOB, "1")
    canary.compare({JOB: "1"})
    canary.compare({JOB: "2"})
    assert canary.missed == 0, "the event may be on its way"
    canary.saw(JOB, "2")
    canary.compare({JOB: "3"})
    assert canary.missed == 0, "an event came since then: the watch lives"


def test_a_watch_that_stays_silent_about_a_change_is_dead() -> None:
    canary = WatchCanary()
    canary.saw(JOB, "1")
    canary.compare({JOB: "2", DATASET: "1"})
    canary.compare({JOB: "2", DATASET: "1"})
    assert canary.missed == 2
    canary.saw(JOB, "2")
    canary.saw(DATASET, "1")
    canary.compare({JOB: "2", DATASET: "1"})
    assert canary.missed == 0
