"""The second half of a run: attempts at training, one Job each, until an artifact stands or one fails for good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sft_operator.api.condition import Attempt
from sft_operator.api.reasons import Reason
from sft_operator.api.sft_job_status import ArtifactStatus, JobProgress, Resolved, SFTJobStatus
from sft_operator.core import attempts, conditions, naming, pod_trouble, progress
from sft_operator.core.checks import Unmet
from sft_operator.core.conditions import Moment
from sft_operator.core.consequence import consequence, seconds_until
from sft_operator.core.decision import Decision
from sft_operator.core.observed import ChildJob, Pod, SFTJobWorld
from sft_operator.core.retry_policy import MAX_INTERRUPTIONS_WITHOUT_PROGRESS, Ending, Verdict
from sft_operator.core.sftjob import status as say
from sft_operator.core.sftjob.artifact import verified_artifact
from sft_operator.core.sftjob.checks import check, open_datasets, open_run_folder
from sft_operator.core.sftjob.training_job import OpenedRun, new_attempt
from sft_trainer.contract import TrainResult

SFTJobDecision = Decision[SFTJobStatus]


def train(world: SFTJobWorld, resolved: Resolved, moment: Moment) -> SFTJobDecision:
    """The next step towards an artifact."""
    attempt = attempts.current(world.status.attempts)
    if attempt is not None:
        return _pursue(world, resolved, attempt, moment)
    return _between_attempts(world, resolved, moment)


def _between_attempts(world: SFTJobWorld, resolved: Resolved, moment: Moment) -> SFTJobDecision:
    status = world.status
    if status.retry_after is not None:
        wait = seconds_until(status.retry_after, moment)
        if wait > 0:
            return Decision(say.waiting_to_retry(status, moment), requeue_after_seconds=wait)
        return _begin(world, resolved, moment)
    if status.attempts:
        return Decision(say.failed(status, moment), is_settled=True)
    return _begin(world, resolved, moment)


def _begin(world: SFTJobWorld, resolved: Resolved, moment: Moment) -> SFTJobDecision:
    status = world.status
    number = status.attempt_count + 1
    attempt = Attempt(
        number=number,
        job_name=naming.training_job(world.parent, world.spec.run, number),
        last_committed_step=status.progress.last_committed_step if status.progress else 0,
    )
    begun = status.model_copy(
        update={
            "attempts": attempts.begun(status.attempts, attempt),
            "attempt_count": number,
            "retry_after": None,
        }
    )
    return _create(replace(world, status=begun), resolved, moment, otherwise=status)


def _create(world: SFTJobWorld, resolved: Resolved, moment: Moment, *, otherwise: SFTJobStatus) -> SFTJobDecision:
    """The Job of the newest attempt; where a check forbids it, the status `otherwise` with the reason."""
    status = world.status
    attempt = status.attempts[-1]
    try:
        accepted = check(world)
        namespace = world.parent.namespace
        folder = open_run_folder(resolved, accepted, namespace)
        opened = OpenedRun(folder, open_datasets(status.pinned_datasets, accepted, namespace))
    except Unmet as unmet:
        return Decision(say.not_accepted(otherwise, unmet, moment))
    if not conditions.is_headline(status.conditions, Reason.POD_REFUSED):
        status = say.starting(status, moment, message=_is_being_started(attempt))
    return Decision(status, create=new_attempt(world, resolved, accepted, opened, attempt=attempt))


def _is_being_started(attempt: Attempt) -> str:
    step = attempt.last_committed_step
    goes_on = f", to go on from step {step}" if step else ""
    return f"The pod of attempt {attempt.number} is being placed and started{goes_on}"


def _pursue(world: SFTJobWorld, resolved: Resolved, attempt: Attempt, moment: Moment) -> SFTJobDecision:
    status = world.status
    match attempts.examine(attempt, world.children, moment):
        case attempts.NotCreated():
            if world.children.refusal:
                told = say.starting(status, moment, reason=Reason.POD_REFUSED, message=world.children.refusal)
                return Decision(told, requeue_after_seconds=attempts.REFUSED_AGAIN_SECONDS)
            return _create(world, resolved, moment, otherwise=status)
        case attempts.Created(job):
            recorded = status.model_copy(update={"attempts": attempts.created(status.attempts, job)})
            return replace(_follow(replace(world, status=recorded), resolved, job, moment), hand_over=job)
        case attempts.Active(job):
            return _follow(world, resolved, job, moment)
        case attempts.Leaving():
            message = f"The pod of attempt {attempt.number} saves its work and is waited for"
            told = say.starting(status, moment, reason=Reason.LEAVING, message=message)
            return Decision(told, requeue_after_seconds=pod_trouble.LOOK_AGAIN_SECONDS)
        case attempts.Unheard():
            return Decision(status, requeue_after_seconds=attempts.HEAR_AGAIN_SECONDS)
        case attempts.Over(ending):
            return _conclude(world, resolved, ending, moment)


def _follow(world: SFTJobWorld, resolved: Resolved, job: ChildJob, moment: Moment) -> SFTJobDecision:
    status, pods = world.status, world.children.pods_of(job.uid)
    if pod_trouble.is_running(pods):
        return Decision(_running(world, resolved, pods[0], moment))
    trouble = pod_trouble.of_job(job, world.children, _request(world), moment.now)
    if trouble:
        status = say.starting(status, moment, reason=trouble.reason, message=trouble.message)
    else:
        status = say.starting(status, moment, message=_is_being_started(status.attempts[-1]))
    again = pod_trouble.look_again_seconds(job, pods, moment.now)
    return Decision(status, requeue_after_seconds=again)


def _running(world: SFTJobWorld, resolved: Resolved, pod: Pod, moment: Moment) -> SFTJobStatus:
    status, answer = world.status, world.progress
    if answer is not None and answer.pod_uid == pod.uid:
        figures = progress.merged(status.progress, answer, resolved.total_steps)
        status = status.model_copy(update={"progress": figures})
    message = f"Attempt {status.attempt_count} runs in pod '{pod.name}' on node '{pod.node}'"
    return say.training(status, moment, message=message)


def _request(world: SFTJobWorld) -> pod_trouble.Request:
    try:
        profile = check(world).profile
    except Unmet:
        profile = None
    return pod_trouble.Request(world.parent.namespace, profile, trains=True)


def _conclude(world: SFTJobWorld, resolved: Resolved, ending: Ending, moment: Moment) -> SFTJobDecision:
    result = ending.said.train if ending.said else None
    if ending.verdict is Verdict.DONE:
        artifact = verified_artifact(result, resolved.output_uri)
        if result is not None and artifact is not None:
            return Decision(_finished(world.status, artifact, result, ending=ending, moment=moment), is_settled=True)
        ending = replace(
            ending,
            verdict=Verdict.FAIL,
            reason=Reason.ARTIFACT_MISSING,
            message=f"The pod ended well, but named no artifact below {resolved.output_uri} that it had read back",
            remedy="report this with the pod's log",
        )
    status, ending = _counted(world.status, ending, result)
    ended = attempts.ended(status.attempts, ending, moment)
    max_retries = world.spec.limits.max_retries
    next_step = consequence(ending, ended, retry_count=status.retry_count, max_retries=max_retries, moment=moment)
    changes: dict[str, Any] = {
        "attempts": ended,
        "failure": next_step.failure,
        "retry_count": next_step.retry_count,
        "retry_after": next_step.retry_after,
    }
    return _between_attempts(replace(world, status=status.model_copy(update=changes)), resolved, moment)


def _finished(
    status: SFTJobStatus, artifact: ArtifactStatus, result: TrainResult, *, ending: Ending, moment: Moment
) -> SFTJobStatus:
    changes: dict[str, Any] = {
        "attempts": attempts.ended(status.attempts, ending, moment),
        "artifact": artifact,
        "samples": say.samples(result),
        "progress": progress.at_end(status.progress, result, is_finished=True),
        "failure": None,
        "retry_after": None,
    }
    return say.succeeded(status.model_copy(update=changes), artifact, moment)


def _counted(status: SFTJobStatus, ending: Ending, result: TrainResult | None) -> tuple[SFTJobStatus, Ending]:
    """What the attempt reached, and whether it was interrupted once too often without reaching anything."""
    before = status.progress or JobProgress(total_steps=status.resolved.total_steps if status.resolved else 0)
    reached = progress.at_end(before, result or TrainResult(), is_finished=False)
    is_newer = reached.last_committed_step > (status.attempts[-1].last_committed_step or 0)
    interruptions = 0 if is_newer else status.interruption_count + (ending.verdict is Verdict.IGNORE)
    changes = {
        "progress": reached,
        "interruption_count": interruptions,
        "retry_count": 0 if is_newer else status.retry_count,
    }
    status = status.model_copy(update=changes)
    if ending.verdict is not Verdict.IGNORE or interruptions < MAX_INTERRUPTIONS_WITHOUT_PROGRESS:
        return status, ending
    message = f"{interruptions} attempts in a row were interrupted before they committed a checkpoint: {ending.message}"
    remedy = "lower spec.checkpoint.everySteps, or train where pods are displaced less often, then raise spec.run"
    return status, replace(ending, verdict=Verdict.FAIL, reason=Reason.NO_PROGRESS, message=message, remedy=remedy)
