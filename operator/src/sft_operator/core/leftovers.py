"""Jobs that nobody needs any more. Level-based: whatever left them behind, they go.

Needed are the Job of an attempt whose end is not recorded, and for a day the one that ended last, for its log. A Job that
no attempt names came from another operator's late request; it is given a moment, for the record may be newer than what
was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sft_operator.api.condition import Attempt
from sft_operator.core import timestamps
from sft_operator.core.conditions import Moment
from sft_operator.core.decision import Decision, JobDeletion, Status
from sft_operator.core.observed import ChildJob

KEPT_SECONDS = 24 * 3600
"""Whoever finds a failure in the morning can still read its log."""
UNKNOWN_SECONDS = 60
"""Longer than any decision takes between reading an object and acting on it."""


def without_leftovers(
    decision: Decision[Status], jobs: Sequence[ChildJob], histories: Sequence[Sequence[Attempt]], moment: Moment
) -> Decision[Status]:
    """The decision that also deletes what its own attempts need no more, and looks again in time. Each history holds attempts at
    one thing, the newest last."""
    listed = {deletion.uid for deletion in decision.delete}
    expiries: list[tuple[ChildJob, datetime | None]] = [
        (job, _expiry(job, histories, moment)) for job in jobs if not job.is_being_deleted and job.uid not in listed
    ]
    due: list[JobDeletion] = [
        JobDeletion(job.name, job.uid) for job, expiry in expiries if expiry is not None and expiry <= moment.now
    ]
    waits = [(expiry - moment.now).total_seconds() for _, expiry in expiries if expiry is not None and expiry > moment.now]
    if decision.requeue_after_seconds is not None:
        waits.append(decision.requeue_after_seconds)
    return replace(decision, delete=[*decision.delete, *due], requeue_after_seconds=min(waits, default=None))


def _expiry(job: ChildJob, histories: Sequence[Sequence[Attempt]], moment: Moment) -> datetime | None:
    """When the Job is to go; None while it is needed."""
    known = ((attempt, history) for history in histories for attempt in history if _is_job_of(attempt, job))
    attempt, history = next(known, (None, ()))
    if attempt is None:
        is_outdated = job.generation < moment.generation
        return moment.now if is_outdated else job.created_at + timedelta(seconds=UNKNOWN_SECONDS)
    if attempt.ended_at is None:
        return None
    is_at_work = job.end is None
    if is_at_work or attempt is not _newest_ended(history):
        return moment.now
    return timestamps.from_text(attempt.ended_at) + timedelta(seconds=KEPT_SECONDS)


def _is_job_of(attempt: Attempt, job: ChildJob) -> bool:
    return attempt.job_name == job.name and attempt.job_uid in (None, job.uid)


def _newest_ended(attempts: Sequence[Attempt]) -> Attempt | None:
    return next((attempt for attempt in reversed(attempts) if attempt.ended_at is not None), None)
