"""The first half of a run: pin the datasets, plan, resolve.

What cannot work fails here, before a GPU is taken. Until the run is resolved its spec may still be mended: the plan of a
spec that was changed is superseded.
"""

from __future__ import annotations

from dataclasses import replace

from sft_operator.api.condition import Attempt
from sft_operator.api.reasons import Reason
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.core import attempts, conditions, naming, pod_trouble
from sft_operator.core.checks import Unmet
from sft_operator.core.conditions import Moment
from sft_operator.core.consequence import consequence_for_preparation, failure_of, seconds_until
from sft_operator.core.decision import Decision
from sft_operator.core.inputs_digest import plan_digest
from sft_operator.core.observed import ChildJob, SFTJobWorld
from sft_operator.core.retry_policy import Ending, Verdict
from sft_operator.core.sftjob import status as say
from sft_operator.core.sftjob.checks import check, open_datasets, pin_datasets
from sft_operator.core.sftjob.plan_job import new_plan
from sft_operator.core.sftjob.resolve import resolve

SFTJobDecision = Decision[SFTJobStatus]
SUPERSEDED = Ending(Verdict.IGNORE, Reason.SUPERSEDED, "The spec was changed before the run was resolved")


def plan(world: SFTJobWorld, moment: Moment) -> SFTJobDecision:
    """The next step towards `resolved`."""
    return _next(_without_outdated_plan(world, moment), moment)


def _without_outdated_plan(world: SFTJobWorld, moment: Moment) -> SFTJobWorld:
    """A plan for another spec is worth nothing; its Job is a leftover then."""
    status = world.status
    if status.planned_spec in (None, plan_digest(world.spec)):
        return world
    plans = status.plans
    if attempts.current(plans) is not None:
        plans = attempts.ended(plans, SUPERSEDED, moment)
    changes = {
        "plans": plans,
        "plan_retry_count": 0,
        "planned_spec": None,
        "pinned_datasets": [],
        "retry_after": None,
        "failure": None,
    }
    return replace(world, status=status.model_copy(update=changes))


def _next(world: SFTJobWorld, moment: Moment) -> SFTJobDecision:
    status = world.status
    attempt = attempts.current(status.plans)
    if attempt is not None:
        return _pursue(world, attempt, moment)
    if status.retry_after is not None:
        wait = seconds_until(status.retry_after, moment)
        if wait > 0:
            return Decision(say.waiting_to_retry(status, moment), requeue_after_seconds=wait)
        return _begin(world, moment)
    if status.planned_spec == plan_digest(world.spec):
        return Decision(say.failed(status, moment), is_settled=True)
    return _begin(world, moment)


def _begin(world: SFTJobWorld, moment: Moment) -> SFTJobDecision:
    status = world.status
    try:
        check(world)
    except Unmet as unmet:
        return Decision(say.not_accepted(status, unmet, moment))
    try:
        pinned = status.pinned_datasets or pin_datasets(world)
    except Unmet as unmet:
        return Decision(say.waiting_for_datasets(status, unmet, moment))
    number = status.plan_count + 1
    attempt = Attempt(number=number, job_name=naming.plan_job(world.parent, world.spec.run, number))
    begun = status.model_copy(
        update={
            "pinned_datasets": pinned,
            "planned_spec": plan_digest(world.spec),
            "plans": attempts.begun(status.plans, attempt),
            "plan_count": number,
            "retry_after": None,
        }
    )
    return _create(replace(world, status=begun), moment, otherwise=status)


def _create(world: SFTJobWorld, moment: Moment, *, otherwise: SFTJobStatus) -> SFTJobDecision:
    """The plan Job; where a check forbids it, the status `otherwise` with the reason."""
    status = world.status
    try:
        accepted = check(world)
        datasets = open_datasets(status.pinned_datasets, accepted, world.parent.namespace)
    except Unmet as unmet:
        return Decision(say.not_accepted(otherwise, unmet, moment))
    if not conditions.is_headline(status.conditions, Reason.POD_REFUSED):
        message = f"Plan {status.plan_count} measures the model, counts the tokens and tries the output"
        status = say.planning(status, moment, message=message)
    return Decision(status, create=new_plan(world, accepted, datasets, status.plan_count))


def _pursue(world: SFTJobWorld, attempt: Attempt, moment: Moment) -> SFTJobDecision:
    status = world.status
    match attempts.examine(attempt, world.children, moment):
        case attempts.NotCreated():
            if world.children.refusal:
                told = say.planning(status, moment, reason=Reason.POD_REFUSED, message=world.children.refusal)
                return Decision(told, requeue_after_seconds=attempts.REFUSED_AGAIN_SECONDS)
            return _create(world, moment, otherwise=status)
        case attempts.Created(job):
            recorded = status.model_copy(update={"plans": attempts.created(status.plans, job)})
            return replace(_follow(replace(world, status=recorded), job, moment), hand_over=job)
        case attempts.Active(job):
            return _follow(world, job, moment)
        case attempts.Leaving():
            message = f"The pod of plan {attempt.number} is told to stop and waited for"
            told = say.planning(status, moment, reason=Reason.LEAVING, message=message)
            return Decision(told, requeue_after_seconds=pod_trouble.LOOK_AGAIN_SECONDS)
        case attempts.Unheard():
            return Decision(status, requeue_after_seconds=attempts.HEAR_AGAIN_SECONDS)
        case attempts.Over(ending):
            return _conclude(world, ending, moment)


def _follow(world: SFTJobWorld, job: ChildJob, moment: Moment) -> SFTJobDecision:
    status, pods = world.status, world.children.pods_of(job.uid)
    if pod_trouble.is_running(pods):
        message = f"Plan {status.plan_count} runs in pod '{pods[0].name}'"
        return Decision(say.planning(status, moment, message=message))
    trouble = pod_trouble.of_job(job, world.children, _request(world), moment.now)
    if trouble:
        status = say.planning(status, moment, reason=trouble.reason, message=trouble.message)
    else:
        message = f"The pod of plan {status.plan_count} is being placed and started"
        status = say.planning(status, moment, message=message)
    again = pod_trouble.look_again_seconds(job, pods, moment.now)
    return Decision(status, requeue_after_seconds=again)


def _request(world: SFTJobWorld) -> pod_trouble.Request:
    try:
        profile = check(world).profile
    except Unmet:
        profile = None
    return pod_trouble.Request(world.parent.namespace, profile, trains=False)


def _conclude(world: SFTJobWorld, ending: Ending, moment: Moment) -> SFTJobDecision:
    status = world.status.model_copy(update={"plans": attempts.ended(world.status.plans, ending, moment)})
    if ending.verdict is Verdict.DONE:
        return _resolve(world, status, ending, moment)
    next_step = consequence_for_preparation(ending, status.plans, retry_count=status.plan_retry_count, moment=moment)
    changes = {
        "failure": next_step.failure,
        "plan_retry_count": next_step.retry_count,
        "retry_after": next_step.retry_after,
    }
    return _next(replace(world, status=status.model_copy(update=changes)), moment)


def _resolve(world: SFTJobWorld, status: SFTJobStatus, ending: Ending, moment: Moment) -> SFTJobDecision:
    """`resolved` stands before anything is made of it: the first attempt is the next decision's."""
    try:
        accepted = check(world)
    except Unmet as unmet:
        return Decision(say.not_accepted(world.status, unmet, moment))
    result = ending.said.plan if ending.said else None
    try:
        if result is None:
            raise Unmet(Reason.INTERNAL_ERROR, "The plan's pod ended well, but reported no result")
        resolved = resolve(world, accepted, result)
    except Unmet as unmet:
        defect = Ending(Verdict.FAIL, unmet.reason, unmet.message, "report this with the pod's log", ending.exit_code)
        failed = status.model_copy(update={"failure": failure_of(defect)})
        return _next(replace(world, status=failed), moment)
    is_estimate = world.spec.training.packing
    return Decision(say.planned(status, resolved, moment, is_estimate=is_estimate), requeue_after_seconds=0)
