"""What follows from an attempt's end: nothing more, another attempt, or a failure that only a person can mend.

All pods of the attempt are looked at. A code that names a cause (invalid input, out of memory, a broken loss) beats
everything; a disruption of the cluster beats what it caused in other pods; a kill without a word comes last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from sft_operator.api.reasons import Reason
from sft_operator.core.evidence import Testimony, hear
from sft_operator.core.observed import JobEnd, Pod
from sft_trainer.contract import CONTRACT_VERSION, ExitCode, TerminationMessage

FIRST_DELAY_SECONDS = 10
MAX_DELAY_SECONDS = 300
"""An object store that is away for longer is asked every five minutes."""
OUTAGES = {str(Reason.STORE_UNAVAILABLE)}
"""Nothing that the work itself could have brought about: it is begun again until the store is back, at the cost of no retry."""
OUTAGES_OF_PREPARATIONS = OUTAGES | {str(Reason.NODE_LOST), str(Reason.EVICTED)}
"""They start from nothing each time and hold no GPU. Training that loses node after node is ended by spec.limits.maxRetries."""
MAX_PREPARATION_RETRIES = 3
"""For preparations and plans; training has spec.limits.maxRetries."""
MAX_INTERRUPTED_PREPARATIONS = 6
"""In a row, for preparations and plans, ever longer apart: as many as a pod may meet while all nodes are replaced in turn."""
MAX_INTERRUPTIONS_WITHOUT_PROGRESS = 3
"""Interruptions cost no retry, but a pod that never lives as long as one checkpoint interval would go on for ever."""


class Verdict(Enum):
    """What follows."""

    DONE = "done"
    IGNORE = "ignore"
    """Interrupted from outside: another attempt, which counts against nothing."""
    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, and what follows."""

    verdict: Verdict
    reason: str
    message: str
    remedy: str = ""
    exit_code: int | None = None
    node: str | None = None
    said: TerminationMessage | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """An exit code in words, for a pod that said nothing itself."""

    verdict: Verdict
    reason: Reason
    message: str
    remedy: str


LOOK_AT_LOG = "look at the pod's log: `kubectl logs job/{job}`"
"""`core.attempts` knows the Job's name."""
MORE_MEMORY = "use a profile with more memory; for training, a smaller microBatchSize or maxSequenceLength needs less"
MEANINGS: Mapping[int, Meaning] = {
    ExitCode.INVALID: Meaning(Verdict.FAIL, Reason.INVALID_CONFIG, "The pod refused its input", LOOK_AT_LOG),
    ExitCode.OUT_OF_MEMORY: Meaning(Verdict.FAIL, Reason.OUT_OF_MEMORY, "Memory did not suffice", MORE_MEMORY),
    ExitCode.NON_FINITE_LOSS: Meaning(
        Verdict.FAIL, Reason.NON_FINITE_LOSS, "The loss became infinite or no number", "lower training.learningRate"
    ),
    ExitCode.CHECKPOINT_UNUSABLE: Meaning(
        Verdict.FAIL,
        Reason.CHECKPOINT_UNUSABLE,
        "Checkpoints were committed, and none of them can be read back",
        "raise spec.run to start from the beginning",
    ),
    ExitCode.STORE_DENIED: Meaning(
        Verdict.FAIL,
        Reason.STORE_DENIED,
        "The object store refused access, or is full",
        "give the Secret's user access to the bucket, or make room, then raise spec.run",
    ),
    ExitCode.STORE_UNAVAILABLE: Meaning(Verdict.RETRY, Reason.STORE_UNAVAILABLE, "The object store did not answer", ""),
    ExitCode.STALLED: Meaning(Verdict.RETRY, Reason.STALLED, "Training made no step for too long", ""),
    ExitCode.HARDWARE: Meaning(Verdict.RETRY, Reason.HARDWARE, "A GPU or the network between processes failed", ""),
    ExitCode.PREEMPTED: Meaning(Verdict.IGNORE, Reason.PREEMPTED, "The pod was told to stop", ""),
}
CAUSES = (
    ExitCode.INVALID,
    ExitCode.OUT_OF_MEMORY,
    ExitCode.NON_FINITE_LOSS,
    ExitCode.CHECKPOINT_UNUSABLE,
    ExitCode.STORE_DENIED,
)
"""Codes that name a cause of their own; what happens to other pods follows from it."""
CONSEQUENCES = (ExitCode.STORE_UNAVAILABLE, ExitCode.STALLED, ExitCode.HARDWARE, ExitCode.PREEMPTED)
"""Codes that may follow from something else, the likeliest cause first."""


def retry_delay_seconds(failures: int) -> int:
    """Seconds to wait after so many failures in a row: 10, 20, 40 ... 300."""
    return int(min(FIRST_DELAY_SECONDS * 2 ** min(failures - 1, 16), MAX_DELAY_SECONDS))


def classify(end: JobEnd, pods: Sequence[Pod]) -> Ending:
    """How the attempt ended that this Job was."""
    heard = [testimony for pod in pods if (testimony := hear(pod)) is not None]
    for testimony in heard:
        if testimony.speaks_version is not None:
            return _speaks_another_version(testimony)
    if end.outcome == "Complete":
        return _completed(heard)
    return _by_cause(heard) or _by_disruption(pods, heard) or _by_consequence(heard) or _by_job(end, heard)


def _completed(heard: Sequence[Testimony]) -> Ending:
    for testimony in heard:
        if testimony.exit_code == ExitCode.DONE and testimony.said is not None:
            said = testimony.said
            return Ending(Verdict.DONE, said.reason.value, said.message, said.remedy, 0, testimony.pod.node, said)
    message = "The Job completed, but its pod's termination message was not seen"
    return Ending(Verdict.RETRY, Reason.EVIDENCE_LOST, message, exit_code=0)


def _speaks_another_version(testimony: Testimony) -> Ending:
    return Ending(
        Verdict.FAIL,
        Reason.CONTRACT_MISMATCH,
        f"The image speaks version {testimony.speaks_version} of the contract, this operator speaks {CONTRACT_VERSION}",
        "install operator and images of the same release, then raise spec.run",
        testimony.exit_code,
        testimony.pod.node,
    )


def _by_cause(heard: Sequence[Testimony]) -> Ending | None:
    for code in CAUSES:
        for testimony in heard:
            if testimony.exit_code == code:
                return _as_said(testimony, MEANINGS[code])
    for testimony in heard:
        if testimony.pod.terminated is not None and testimony.pod.terminated.reason == "OOMKilled":
            message = "The pod needed more memory than its limit and was killed by the kernel"
            meaning = Meaning(Verdict.FAIL, Reason.OUT_OF_MEMORY, message, MORE_MEMORY)
            return _as_said(testimony, meaning)
    return None


def _by_disruption(pods: Sequence[Pod], heard: Sequence[Testimony]) -> Ending | None:
    for pod in pods:
        if pod.disruption is None and pod.status_reason != "Evicted":
            continue
        testimony = next((testimony for testimony in heard if testimony.pod.uid == pod.uid), None)
        meaning = _meaning_of_disruption(pod)
        exit_code, said = (testimony.exit_code, testimony.said) if testimony else (None, None)
        return Ending(meaning.verdict, meaning.reason, meaning.message, meaning.remedy, exit_code, pod.node, said)
    return None


def _meaning_of_disruption(pod: Pod) -> Meaning:
    where = f"on node {pod.node}" if pod.node else "before it had a node"
    if pod.status_reason == "Evicted":
        if "exceeds the" in pod.status_message and "limit" in pod.status_message:
            return Meaning(
                Verdict.FAIL,
                Reason.SCRATCH_FULL,
                f"The pod wrote more to its disk than it may: {pod.status_message}",
                "use a profile with more disk",
            )
        return Meaning(Verdict.RETRY, Reason.EVICTED, f"The kubelet evicted the pod {where}: {pod.status_message}", "")
    if pod.disruption in ("DeletionByTaintManager", "DeletionByPodGC"):
        return Meaning(Verdict.RETRY, Reason.NODE_LOST, f"The pod was given up {where}: {pod.disruption}", "")
    return Meaning(Verdict.IGNORE, Reason.PREEMPTED, f"The pod was displaced {where}: {pod.disruption}", "")


def _by_consequence(heard: Sequence[Testimony]) -> Ending | None:
    for code in CONSEQUENCES:
        for testimony in heard:
            if testimony.exit_code == code:
                return _as_said(testimony, MEANINGS[code])
    for testimony in heard:
        if testimony.exit_code in (137, 143):
            message = f"The pod was killed by signal {testimony.exit_code - 128} before it could say why"
            return _as_said(testimony, Meaning(Verdict.RETRY, Reason.KILLED, message, ""))
        if testimony.exit_code != ExitCode.DONE:
            message = f"The pod ended with exit code {testimony.exit_code}, which has no meaning here"
            return _as_said(testimony, Meaning(Verdict.RETRY, Reason.INTERNAL_ERROR, message, LOOK_AT_LOG))
    return None


def _by_job(end: JobEnd, heard: Sequence[Testimony]) -> Ending:
    """The pods are gone or said nothing: the Job's own message may still name the exit code of a FailJob rule."""
    found = re.search(r"failed with exit code (\d{1,3})\b", end.message)
    meaning = MEANINGS.get(int(found[1])) if found else None
    if found and meaning:
        return Ending(meaning.verdict, meaning.reason, meaning.message, meaning.remedy, int(found[1]))
    if "DisruptionTarget" in end.message:
        return Ending(Verdict.IGNORE, Reason.PREEMPTED, "The pod was displaced by the cluster")
    node = heard[0].pod.node if heard else None
    message = f"The Job failed ({end.reason}: {end.message}), and how its pod ended was not seen"
    return Ending(Verdict.RETRY, Reason.EVIDENCE_LOST, message, node=node)


def _as_said(testimony: Testimony, meaning: Meaning) -> Ending:
    """The pod's own words where it left any, and ours where it did not."""
    said, node = testimony.said, testimony.pod.node
    if said is None:
        return Ending(meaning.verdict, meaning.reason, meaning.message, meaning.remedy, testimony.exit_code, node)
    remedy = said.remedy or meaning.remedy
    return Ending(meaning.verdict, said.reason.value, said.message, remedy, testimony.exit_code, node, said)
