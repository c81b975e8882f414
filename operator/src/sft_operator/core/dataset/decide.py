"""What is to be done for an InstructionDataset. Level-based: it asks what is, never what happened.

Its state is what the status holds: an attempt whose end is not recorded is pursued; otherwise a version of this
generation means done but for a look at its sources now and then, `retryAfter` means wait, an ended attempt means failed, and
nothing at all means begin.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sft_operator.api.condition import Attempt
from sft_operator.api.instruction_dataset import InstructionDatasetStatus
from sft_operator.api.reasons import Reason
from sft_operator.core import attempts, conditions, naming, pod_trouble
from sft_operator.core.checks import Unmet
from sft_operator.core.conditions import Moment
from sft_operator.core.consequence import consequence_for_preparation, failure_of, seconds_until
from sft_operator.core.dataset import status as say
from sft_operator.core.dataset.checks import Accepted, check
from sft_operator.core.dataset.preparation_job import new_preparation, versions_folder
from sft_operator.core.dataset.source_check import watch_sources
from sft_operator.core.decision import Decision
from sft_operator.core.leftovers import without_leftovers
from sft_operator.core.locations import open_outputs
from sft_operator.core.observed import ChildJob, DatasetWorld, Profile
from sft_operator.core.profile_choice import choose_profile
from sft_operator.core.retry_policy import Ending, Verdict
from sft_operator.core.status_size import within_bounds

DatasetDecision = Decision[InstructionDatasetStatus]


def decide(world: DatasetWorld, now: datetime) -> DatasetDecision:
    """The decision for what is seen."""
    if world.parent.is_being_deleted:
        return Decision(world.status, is_settled=True)
    moment = Moment(world.parent.generation, now)
    status = say.observed(world.status, world.parent.generation, world.spec.run)
    decision = _next(world, status, moment)
    announced = conditions.announce(world.status.conditions, decision.status.conditions)
    histories = [decision.status.attempts, [decision.status.source_check] if decision.status.source_check else []]
    return without_leftovers(
        replace(decision, status=within_bounds(decision.status), announce=announced), world.children.jobs, histories, moment
    )


def _next(world: DatasetWorld, status: InstructionDatasetStatus, moment: Moment) -> DatasetDecision:
    attempt = attempts.current(status.attempts)
    if attempt is not None:
        return _pursue(world, status, attempt, moment)
    if status.version is not None and status.version.generation == moment.generation:
        return watch_sources(world, say.published(status, status.version, moment), status.version, moment)
    if status.retry_after is not None:
        wait = seconds_until(status.retry_after, moment)
        if wait > 0:
            return Decision(say.waiting_to_retry(status, moment), requeue_after_seconds=wait)
        return _begin(world, status, moment)
    if status.attempts:
        return Decision(say.failed(status, moment), is_settled=True)
    return _begin(world, status, moment)


def _begin(world: DatasetWorld, status: InstructionDatasetStatus, moment: Moment) -> DatasetDecision:
    try:
        accepted = check(world)
    except Unmet as unmet:
        return Decision(say.not_accepted(status, unmet, moment))
    number = status.attempt_count + 1
    attempt = Attempt(number=number, job_name=naming.preparation_job(world.parent, world.spec.run, number))
    begun = status.model_copy(
        update={
            "attempts": attempts.begun(status.attempts, attempt),
            "attempt_count": number,
            "retry_after": None,
        }
    )
    return _create(world, begun, accepted, moment)


def _create(world: DatasetWorld, status: InstructionDatasetStatus, accepted: Accepted, moment: Moment) -> DatasetDecision:
    number = status.attempt_count
    message = f"Attempt {number} reads and checks the rows, with TrainingProfile '{accepted.profile.name}'"
    return Decision(say.preparing(status, moment, message=message), create=new_preparation(world, accepted, number))


def _pursue(world: DatasetWorld, status: InstructionDatasetStatus, attempt: Attempt, moment: Moment) -> DatasetDecision:
    match attempts.examine(attempt, world.children, moment):
        case attempts.NotCreated():
            return _create_again(world, status, moment)
        case attempts.Created(job):
            recorded = status.model_copy(update={"attempts": attempts.created(status.attempts, job)})
            return replace(_follow(world, recorded, job, moment), hand_over=job)
        case attempts.Active(job):
            return _follow(world, status, job, moment)
        case attempts.Leaving():
            message = f"The pod of attempt {attempt.number} is told to stop and waited for"
            told = say.preparing(status, moment, reason=Reason.LEAVING, message=message)
            return Decision(told, requeue_after_seconds=pod_trouble.LOOK_AGAIN_SECONDS)
        case attempts.Unheard():
            return Decision(status, requeue_after_seconds=attempts.HEAR_AGAIN_SECONDS)
        case attempts.Over(ending):
            return _conclude(world, status, ending, moment)


def _create_again(world: DatasetWorld, status: InstructionDatasetStatus, moment: Moment) -> DatasetDecision:
    """The record stands without a Job: its creation was refused, or was never asked for."""
    if world.children.refusal:
        told = say.preparing(status, moment, reason=Reason.POD_REFUSED, message=world.children.refusal)
        return Decision(told, requeue_after_seconds=attempts.REFUSED_AGAIN_SECONDS)
    try:
        accepted = check(world)
    except Unmet as unmet:
        return Decision(say.not_accepted(status, unmet, moment))
    decision = _create(world, status, accepted, moment)
    if conditions.is_headline(status.conditions, Reason.POD_REFUSED):
        return replace(decision, status=status)
    return decision


def _follow(world: DatasetWorld, status: InstructionDatasetStatus, job: ChildJob, moment: Moment) -> DatasetDecision:
    number = status.attempt_count
    pods = world.children.pods_of(job.uid)
    if pod_trouble.is_running(pods):
        message = f"Attempt {number} reads and checks the rows in pod '{pods[0].name}'"
        return Decision(say.preparing(status, moment, message=message))
    request = pod_trouble.Request(world.parent.namespace, _profile(world), trains=False)
    trouble = pod_trouble.of_job(job, world.children, request, moment.now)
    if trouble:
        told = say.preparing(status, moment, reason=trouble.reason, message=trouble.message)
    else:
        told = say.preparing(status, moment, message=f"The pod of attempt {number} is being placed and started")
    again = pod_trouble.look_again_seconds(job, pods, moment.now)
    return Decision(told, requeue_after_seconds=again)


def _profile(world: DatasetWorld) -> Profile | None:
    try:
        return choose_profile(world.spec.profile_name, world.parent.namespace, world.profiles)
    except Unmet:
        return None


def _conclude(world: DatasetWorld, status: InstructionDatasetStatus, ending: Ending, moment: Moment) -> DatasetDecision:
    status = status.model_copy(update={"attempts": attempts.ended(status.attempts, ending, moment)})
    status = say.with_accounting(status, ending)
    if ending.verdict is Verdict.DONE:
        return _publish(world, status, ending, moment)
    next_step = consequence_for_preparation(ending, status.attempts, retry_count=status.retry_count, moment=moment)
    status = status.model_copy(
        update={
            "failure": next_step.failure,
            "retry_count": next_step.retry_count,
            "retry_after": next_step.retry_after,
        }
    )
    return _next(world, status, moment)


def _publish(world: DatasetWorld, status: InstructionDatasetStatus, ending: Ending, moment: Moment) -> DatasetDecision:
    try:
        profile = choose_profile(world.spec.profile_name, world.parent.namespace, world.profiles)
    except Unmet as unmet:
        return Decision(say.not_accepted(world.status, unmet, moment))
    result = ending.said.prepare if ending.said else None
    folders = [versions_folder(world.parent, output).store.uri for output in open_outputs(profile, world.parent.namespace)]
    if result is None or not say.is_version_in(result, folders):
        wrong = Ending(
            Verdict.FAIL,
            Reason.INTERNAL_ERROR,
            f"The pod ended well, but named no version below {' or '.join(folders) or 'any location of the profile'}",
            "report this with the pod's log",
            ending.exit_code,
        )
        return _next(world, status.model_copy(update={"failure": failure_of(wrong)}), moment)
    return _next(world, say.with_version(status, say.version_of(result, world.spec.run, moment), result), moment)
