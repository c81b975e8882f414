"""One attempt is one Job. What is known of the newest attempt, and how its record in the status grows.

The record comes first, without a UID; then the Job is created under the name it holds; then the Job's UID is recorded.
A record with a UID whose Job is missing means that someone deleted the Job: that attempt is over, and its Job is never
created again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile

from sft_operator.api.condition import Attempt
from sft_operator.api.reasons import Reason
from sft_operator.core import timestamps
from sft_operator.core.conditions import Moment
from sft_operator.core.evidence import hear
from sft_operator.core.observed import ChildJob, Children, Pod
from sft_operator.core.retry_policy import Ending, Verdict, classify
from sft_operator.core.text import cut

KEPT = 10
"""Attempts kept in a status."""
MAX_MESSAGE_LENGTH = 128
"""Of an attempt, in bytes: many of them stand in a status of at most 16 KiB. `status.failure` holds the newest one in full."""
REFUSED_AGAIN_SECONDS = 60
"""Between two tries to create a Job that the API server refuses, for example by a quota."""
UNHEARD_SECONDS = 5
"""Job and pod are watched by two streams: the pod's end, if its pod was deleted, can arrive this much later."""
HEAR_AGAIN_SECONDS = 2
GIVE_UP_AFTER_SECONDS = 60
"""After a pod's grace period: by then a kubelet that still answers has reported the pod's end."""


@dataclass(frozen=True, slots=True)
class NotCreated:
    """The record stands, the Job does not."""


@dataclass(frozen=True, slots=True)
class Created:
    """The Job stands, its UID is not recorded yet."""

    job: ChildJob


@dataclass(frozen=True, slots=True)
class Active:
    """The Job is at work, or its pod is about to be."""

    job: ChildJob
    pods: Sequence[Pod]


@dataclass(frozen=True, slots=True)
class Leaving:
    """The Job was deleted, and its pods are still on their way out."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """The Job has ended, and how its pod ended may be on its way still."""


@dataclass(frozen=True, slots=True)
class Over:
    """The attempt has ended; a Job that remains of it, because it would never end by itself, is a leftover."""

    ending: Ending


Sight = NotCreated | Created | Active | Leaving | Unheard | Over


def current(attempts: Sequence[Attempt]) -> Attempt | None:
    """The newest attempt, unless its end is recorded."""
    return attempts[-1] if attempts and attempts[-1].ended_at is None else None


def examine(attempt: Attempt, children: Children, moment: Moment) -> Sight:
    """What has become of an attempt whose end is not recorded."""
    job = children.job(attempt.job_name)
    if attempt.job_uid is None:
        return Created(job) if job else NotCreated()
    pods = children.pods_of(attempt.job_uid)
    if job is None or job.uid != attempt.job_uid:
        return Leaving() if are_alive(pods, moment) else Over(_deleted(attempt, pods))
    if job.end is not None:
        # Either clock may be the one that is ahead.
        if not _was_heard(pods) and abs(moment.now - job.end.at) < timedelta(seconds=UNHEARD_SECONDS):
            return Unheard()
        ending = classify(job.end, pods)
        return Over(replace(ending, remedy=ending.remedy.replace("{job}", job.name)))
    if _are_lost(pods, moment):
        return Over(_node_lost(pods[0]))
    if not job.is_being_deleted:
        return Active(job, pods)
    return Leaving() if are_alive(pods, moment) else Over(_deleted(attempt, pods))


def _was_heard(pods: Sequence[Pod]) -> bool:
    return any(pod.terminated is not None for pod in pods)


def are_alive(pods: Sequence[Pod], moment: Moment) -> bool:
    """Whether one of the pods may still do something. Of a Job that is being deleted no other pod will come."""
    return any(_is_alive(pod, moment) for pod in pods)


def _are_lost(pods: Sequence[Pod], moment: Moment) -> bool:
    """Whether pods were told to stop, and their node will never report that they did."""
    return bool(pods) and all(pod.terminated is None and _is_lost(pod, moment) for pod in pods)


def _is_lost(pod: Pod, moment: Moment) -> bool:
    patience = timedelta(seconds=GIVE_UP_AFTER_SECONDS)
    return pod.deletion_deadline is not None and moment.now > pod.deletion_deadline + patience


def _is_alive(pod: Pod, moment: Moment) -> bool:
    has_ended = pod.terminated is not None or pod.phase in ("Succeeded", "Failed")
    return not has_ended and not _is_lost(pod, moment)


def _deleted(attempt: Attempt, pods: Sequence[Pod]) -> Ending:
    """Whatever the pod's words were: the Job did not end by itself. What it reached counts all the same."""
    message = f"Job '{attempt.job_name}' was deleted by someone else"
    heard = [testimony for pod in pods if (testimony := hear(pod)) is not None]
    last = next((testimony for testimony in heard if testimony.said is not None), next(iter(heard), None))
    if last is None:
        return Ending(Verdict.IGNORE, Reason.CHILD_DELETED, message)
    return Ending(Verdict.IGNORE, Reason.CHILD_DELETED, message, exit_code=last.exit_code, node=last.pod.node, said=last.said)


def _node_lost(pod: Pod) -> Ending:
    message = f"Node {pod.node} did not report the end of pod '{pod.name}' in time"
    return Ending(Verdict.RETRY, Reason.NODE_LOST, message, node=pod.node)


INTERRUPTIONS = {str(Reason.PREEMPTED), str(Reason.CHILD_DELETED)}
"""Ends that came from outside."""


def ended_in_a_row(attempts: Sequence[Attempt], reasons: Collection[str]) -> int:
    """How many of the newest attempts ended for one of these reasons, one after the other."""
    ended = [attempt for attempt in attempts if attempt.ended_at is not None]
    return sum(1 for _ in takewhile(lambda attempt: attempt.reason in reasons, reversed(ended)))


def begun(attempts: Sequence[Attempt], attempt: Attempt) -> list[Attempt]:
    """The attempts with one more."""
    return [*attempts, attempt][-KEPT:]


def created(attempts: Sequence[Attempt], job: ChildJob) -> list[Attempt]:
    """The newest attempt with the UID of its Job."""
    recorded = {"job_uid": job.uid, "started_at": timestamps.to_text(job.created_at)}
    return [*attempts[:-1], attempts[-1].model_copy(update=recorded)]


def ended(attempts: Sequence[Attempt], ending: Ending, moment: Moment) -> list[Attempt]:
    """The newest attempt with its end."""
    train = ending.said.train if ending.said else None
    recorded = {
        "ended_at": moment.text,
        "exit_code": ending.exit_code,
        "reason": str(ending.reason),
        "message": cut(ending.message, MAX_MESSAGE_LENGTH),
        "node": ending.node,
        "resumed_from_step": train.resumed_from_step if train else None,
    }
    return [*attempts[:-1], attempts[-1].model_copy(update=recorded)]
