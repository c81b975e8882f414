"""What is to be done for an SFTJob. Level-based: it asks what is, never what happened.

A run is planned until `resolved` stands, and trained from then on. Either half is a row of attempts with the same states
as an InstructionDataset's: one whose end is not recorded is pursued, `retryAfter` means wait, an ended one without it
means failed, and none at all means begin. A run that ended is never begun again; a greater `spec.run` begins the next.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.core import attempts, conditions
from sft_operator.core.conditions import Moment
from sft_operator.core.decision import Decision, JobDeletion
from sft_operator.core.leftovers import without_leftovers
from sft_operator.core.observed import ChildJob, SFTJobWorld
from sft_operator.core.sftjob import status as say
from sft_operator.core.sftjob.planning import plan
from sft_operator.core.sftjob.training import train
from sft_operator.core.status_size import within_bounds

LOOK_AGAIN_SECONDS = 20
"""While Jobs of the run before are waited for; their watch events come sooner."""


def decide(world: SFTJobWorld, now: datetime) -> Decision[SFTJobStatus]:
    """The decision for what is seen."""
    if world.parent.is_being_deleted:
        return Decision(world.status, is_settled=True)
    moment = Moment(world.parent.generation, now)
    before = world.status
    status = before.model_copy(update={"observed_generation": moment.generation})
    decision = _next(replace(world, status=status), moment)
    announced = conditions.announce(before.conditions, decision.status.conditions)
    in_order = [*decision.status.plans, *decision.status.attempts]
    return without_leftovers(
        replace(decision, status=within_bounds(decision.status), announce=announced), world.children.jobs, [in_order], moment
    )


def _next(world: SFTJobWorld, moment: Moment) -> Decision[SFTJobStatus]:
    status = world.status
    if status.run != world.spec.run:
        return _change_run(world, moment)
    if status.artifact is not None:
        return Decision(say.succeeded(status, status.artifact, moment), is_settled=True)
    return plan(world, moment) if status.resolved is None else train(world, status.resolved, moment)


def _change_run(world: SFTJobWorld, moment: Moment) -> Decision[SFTJobStatus]:
    """The old run's Jobs go first, so that two runs never write at once."""
    old = [job for job in world.children.jobs if job.run < world.spec.run and not _will_write_no_more(job, world, moment)]
    if not old:
        fresh = say.for_new_run(world.status, world.spec.run, moment)
        return plan(replace(world, status=fresh), moment)
    return Decision(
        say.ending_previous_run(world.status, world.spec.run, moment),
        delete=[JobDeletion(job.name, job.uid) for job in old if not job.is_being_deleted],
        requeue_after_seconds=LOOK_AGAIN_SECONDS,
    )


def _will_write_no_more(job: ChildJob, world: SFTJobWorld, moment: Moment) -> bool:
    """It is on its way out, and only a finalizer or a lost node keeps it. What a lost pod may write lies in the old folder."""
    return job.is_being_deleted and not attempts.are_alive(world.children.pods_of(job.uid), moment)
