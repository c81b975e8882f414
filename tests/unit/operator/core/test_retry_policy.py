"""What follows from the ends that pods can meet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from sft_operator.core.observed import JobEnd, Pod, Terminated
from sft_operator.core.retry_policy import Verdict, classify, retry_delay_seconds
from sft_trainer.contract import CONTRACT_VERSION, ExitCode
from tests.unit.operator.core.worlds import job_end, message, pod

FAILED = job_end("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
COMPLETE = job_end("Complete", "CompletionsReached", "")


def ended(exit_code: int, reason: str | None = None, *, uid: str = "pod", runtime: str = "Error", **changes: str) -> Pod:
    """A pod that ended; with a `reason` it left a message."""
    said = "" if reason is None else message(uid, exit_code, reason)
    terminated = Terminated(exit_code, runtime, said)
    base = pod("job", uid=uid, phase="Failed" if exit_code else "Succeeded", node="node-1", terminated=terminated)
    return replace(base, **changes)  # type: ignore[arg-type] # the fields that are changed are text


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    pods: tuple[Pod, ...]
    verdict: Verdict
    reason: str
    end: JobEnd = FAILED


FULL_DISK = 'Usage of EmptyDir volume "scratch" exceeds the limit "10Gi". '
CASES = [
    Case("done", (ended(0, "Completed"),), Verdict.DONE, "Completed", COMPLETE),
    Case("done already", (ended(0, "AlreadyCompleted"),), Verdict.DONE, "AlreadyCompleted", COMPLETE),
    Case("done without a word", (ended(0),), Verdict.RETRY, "EvidenceLost", COMPLETE),
    Case("done and gone", (), Verdict.RETRY, "EvidenceLost", COMPLETE),
    Case("invalid input", (ended(10, "SourceEmpty"),), Verdict.FAIL, "SourceEmpty"),
    Case("invalid input without a word", (ended(10),), Verdict.FAIL, "InvalidConfig"),
    Case("GPU out of memory", (ended(11, "OutOfMemory"),), Verdict.FAIL, "OutOfMemory"),
    Case("broken loss", (ended(12),), Verdict.FAIL, "NonFiniteLoss"),
    Case("store away", (ended(13, "StoreUnavailable"),), Verdict.RETRY, "StoreUnavailable"),
    Case("no checkpoint can be read", (ended(14),), Verdict.FAIL, "CheckpointUnusable"),
    Case("store full", (ended(15, "StoreFull"),), Verdict.FAIL, "StoreFull"),
    Case("told to stop", (ended(20, "Preempted"),), Verdict.IGNORE, "Preempted"),
    Case("stalled", (ended(21),), Verdict.RETRY, "Stalled"),
    Case("hardware", (ended(22, "Hardware"),), Verdict.RETRY, "Hardware"),
    Case("killed by the kernel", (ended(137, runtime="OOMKilled"),), Verdict.FAIL, "OutOfMemory"),
    Case("killed", (ended(137),), Verdict.RETRY, "Killed"),
    Case("terminated", (ended(143),), Verdict.RETRY, "Killed"),
    Case("a code of no meaning", (ended(1),), Verdict.RETRY, "InternalError"),
    Case("displaced", (ended(143, disruption="EvictionByEvictionAPI"),), Verdict.IGNORE, "Preempted"),
    Case("displaced by a greater priority", (ended(20, disruption="PreemptionByScheduler"),), Verdict.IGNORE, "Preempted"),
    Case("node drained of its taint", (ended(143, disruption="DeletionByTaintManager"),), Verdict.RETRY, "NodeLost"),
    Case("node gone", (ended(143, disruption="DeletionByPodGC"),), Verdict.RETRY, "NodeLost"),
    Case(
        "evicted for want of memory",
        (ended(137, disruption="TerminationByKubelet", status_reason="Evicted", status_message="low on memory"),),
        Verdict.RETRY,
        "Evicted",
    ),
    Case(
        "evicted for its own use of the disk",
        (ended(137, disruption="TerminationByKubelet", status_reason="Evicted", status_message=FULL_DISK),),
        Verdict.FAIL,
        "ScratchFull",
    ),
    Case("node shut down", (ended(143, disruption="TerminationByKubelet"),), Verdict.IGNORE, "Preempted"),
    Case(
        "one pod displaced, the others lost their peer",
        (ended(22, uid="a"), ended(143, uid="b", disruption="EvictionByEvictionAPI")),
        Verdict.IGNORE,
        "Preempted",
    ),
    Case(
        "one pod out of memory, the others lost their peer",
        (ended(22, uid="a"), ended(143, uid="b"), ended(11, "OutOfMemory", uid="c")),
        Verdict.FAIL,
        "OutOfMemory",
    ),
    Case(
        "a broken loss beats a displacement",
        (ended(143, uid="a", disruption="EvictionByEvictionAPI"), ended(12, "NonFiniteLoss", uid="b")),
        Verdict.FAIL,
        "NonFiniteLoss",
    ),
    Case("hardware beats those who were told to stop", (ended(20, uid="a"), ended(22, uid="b")), Verdict.RETRY, "Hardware"),
    Case(
        "one pod stalled, another still on its way out",
        (pod("job", uid="b", phase="Running"), ended(21, "Stalled", uid="a")),
        Verdict.RETRY,
        "Stalled",
    ),
    Case("gone without a trace", (), Verdict.RETRY, "EvidenceLost"),
    Case("exit 0, yet the Job failed", (ended(0, "Completed"),), Verdict.RETRY, "EvidenceLost"),
    Case(
        "gone, but the Job names the code",
        (),
        Verdict.FAIL,
        "OutOfMemory",
        job_end("Failed", "PodFailurePolicy", "Container main for pod a/b failed with exit code 11 matching FailJob rule"),
    ),
    Case(
        "gone, but the Job names a displacement",
        (),
        Verdict.IGNORE,
        "Preempted",
        job_end("Failed", "PodFailurePolicy", "Pod a/b has condition DisruptionTarget matching FailJob rule at index 0"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_follows_from_an_end(case: Case) -> None:
    ending = classify(case.end, case.pods)
    assert (ending.verdict, ending.reason) == (case.verdict, case.reason)
    assert ending.message


@pytest.mark.parametrize("exit_code", [code for code in ExitCode if code is not ExitCode.DONE])
def test_every_exit_code_has_a_meaning_of_its_own(exit_code: ExitCode) -> None:
    ending = classify(FAILED, [ended(exit_code)])
    assert ending.exit_code == exit_code
    assert ending.reason != "InternalError"
    assert ending.node == "node-1"


def test_what_cannot_be_retried_says_what_to_do() -> None:
    assert all(classify(FAILED, [ended(code)]).remedy for code in (10, 11, 12, 14, 15))


def test_an_image_that_speaks_another_version_is_refused() -> None:
    said = message("pod", 0, "Completed").replace(f'"contractVersion":{CONTRACT_VERSION}', '"contractVersion":7')
    ending = classify(COMPLETE, [replace(ended(0), terminated=Terminated(0, "Completed", said))])
    assert (ending.verdict, ending.reason) == (Verdict.FAIL, "ContractMismatch")
    assert "version 7" in ending.message


@pytest.mark.parametrize(
    "said",
    [
        "",
        "not json",
        "[1]",
        "null",
        "{}",
        '{"attempt": 99999999999999999999}',
        '{"contractVersion": "1"}',
        "[" * 4000,
        f'{{"contractVersion": {CONTRACT_VERSION}, "evil": 1}}',
    ],
    ids=["empty", "text", "list", "null", "object", "huge number", "wrong type", "deep", "unknown field"],
)
def test_a_message_that_is_none_is_no_evidence(said: str) -> None:
    ending = classify(FAILED, [replace(ended(10), terminated=Terminated(10, "Error", said))])
    assert (ending.verdict, ending.reason, ending.said) == (Verdict.FAIL, "InvalidConfig", None)


def test_retries_come_later_and_later_up_to_five_minutes() -> None:
    assert [retry_delay_seconds(failures) for failures in range(1, 8)] == [10, 20, 40, 80, 160, 300, 300]
    assert retry_delay_seconds(10_000) == 300
