"""What an SFTJob's status says, one function for each situation its run can be in."""

from __future__ import annotations

from sft_operator.api.condition import Failure
from sft_operator.api.reasons import ConditionType, Reason
from sft_operator.api.sft_job_status import ArtifactStatus, Resolved, RunSummary, SampleStatus, SFTJobStatus
from sft_operator.core import conditions
from sft_operator.core.checks import Unmet
from sft_operator.core.conditions import Moment, Statement
from sft_operator.core.consequence import in_words
from sft_operator.core.text import cut
from sft_trainer import contract

KEPT_RUNS = 5
KEPT_SAMPLES = 3
MAX_SAMPLE_LENGTH = 256
GOES_ON = "The run has no result yet"


def told(status: SFTJobStatus, phase: str | None, statements: list[Statement], moment: Moment) -> SFTJobStatus:
    """The status with these statements and this summary."""
    stated = conditions.state(status.conditions, statements, moment)
    return status.model_copy(update={"phase": phase, "conditions": stated})


def for_new_run(status: SFTJobStatus, run: int, moment: Moment) -> SFTJobStatus:
    """An empty status for a run that begins; what stood for the run before is gone from it."""
    unknown = [
        Statement(type, "Unknown", Reason.STARTING, "")
        for type in (ConditionType.DATASETS_READY, ConditionType.PLANNED, ConditionType.PODS_READY)
    ]
    fresh = SFTJobStatus(
        observed_generation=moment.generation, run=run, conditions=status.conditions, runs=earlier_runs(status, moment)
    )
    return told(fresh, "Pending", [*unknown, _goes_on()], moment)


def earlier_runs(status: SFTJobStatus, moment: Moment) -> list[RunSummary]:
    """The runs that were, with the one that ends now."""
    if status.run is None:
        return []
    if status.artifact is not None:
        reason = status.attempts[-1].reason or str(Reason.COMPLETED)
    else:
        has_failed = status.failure is not None and status.retry_after is None
        reason = status.failure.reason if status.failure and has_failed else str(Reason.SUPERSEDED)
    ended = RunSummary(
        run=status.run,
        reason=reason,
        attempt_count=status.attempt_count,
        ended_at=moment.text,
        manifest_digest=status.artifact.manifest_digest if status.artifact else None,
    )
    return [ended, *status.runs][:KEPT_RUNS]


def _goes_on() -> Statement:
    return Statement(ConditionType.SUCCEEDED, "Unknown", Reason.RUNNING, GOES_ON)


def _accepted() -> Statement:
    return Statement(ConditionType.ACCEPTED, "True", Reason.ACCEPTED, "Nothing stands against the spec")


def ending_previous_run(status: SFTJobStatus, run: int, moment: Moment) -> SFTJobStatus:
    """The Jobs of the run before are still there."""
    message = f"Run {run} begins once the Jobs of run {status.run} have saved their work and are gone"
    return told(status, "Pending", [_goes_on(), *conditions.at_work(Reason.ENDING_PREVIOUS_RUN, message)], moment)


def not_accepted(status: SFTJobStatus, unmet: Unmet, moment: Moment) -> SFTJobStatus:
    """A check does not hold."""
    accepted = Statement(ConditionType.ACCEPTED, "False", unmet.reason, unmet.message)
    return told(status, "Refused", [accepted, _goes_on(), *conditions.stalled(unmet.reason, unmet.message)], moment)


def cannot_be_decided(status: SFTJobStatus, unmet: Unmet, moment: Moment) -> SFTJobStatus:
    """The operator cannot read the spec, or fails over it. What the run has come to stays said: a result is final."""
    result = conditions.find(status.conditions, ConditionType.SUCCEEDED)
    if result is None or result.status == "Unknown":
        return not_accepted(status, unmet, moment)
    accepted = Statement(ConditionType.ACCEPTED, "False", unmet.reason, unmet.message)
    return told(status, status.phase, [accepted, *conditions.hindered(unmet.reason, unmet.message)], moment)


def waiting_for_datasets(status: SFTJobStatus, unmet: Unmet, moment: Moment) -> SFTJobStatus:
    """A dataset is not there yet, or not ready."""
    waiting = Statement(ConditionType.DATASETS_READY, "False", unmet.reason, unmet.message)
    statements = [_accepted(), waiting, _goes_on(), *conditions.at_work(unmet.reason, unmet.message)]
    return told(status, "Pending", statements, moment)


def planning(status: SFTJobStatus, moment: Moment, *, reason: str = Reason.PLANNING, message: str) -> SFTJobStatus:
    """The plan Job is at work, or something keeps it from being so."""
    names = ", ".join(f"{dataset.name} {dataset.digest[:12]}" for dataset in status.pinned_datasets)
    statements = [
        _accepted(),
        Statement(ConditionType.DATASETS_READY, "True", Reason.DATASETS_READY, f"Pinned: {names}"),
        Statement(ConditionType.PLANNED, "False", reason, message),
        _goes_on(),
        *conditions.at_work(reason, message),
    ]
    return told(status, "Planning", statements, moment)


def planned(status: SFTJobStatus, resolved: Resolved, moment: Moment, *, is_estimate: bool) -> SFTJobStatus:
    """The plan is done; the first attempt follows."""
    steps = f"about {resolved.total_steps} steps (an estimate, for packing fills the sequences)"
    message = (
        f"{resolved.model.architecture} with {resolved.model.parameters} parameters, {resolved.data.tokens} tokens, "
        f"{steps if is_estimate else f'{resolved.total_steps} steps'}, {resolved.precision.value}"
    )
    statements = [_accepted(), Statement(ConditionType.PLANNED, "True", Reason.PLANNED, message)]
    cleared = status.model_copy(update={"resolved": resolved, "failure": None, "retry_after": None})
    return told(cleared, "Starting", statements, moment)


def starting(status: SFTJobStatus, moment: Moment, *, reason: str = Reason.STARTING, message: str) -> SFTJobStatus:
    """A training Job is there, and its pod does not run yet."""
    waiting = Statement(ConditionType.PODS_READY, "False", reason, message)
    return told(status, "Starting", [_accepted(), waiting, _goes_on(), *conditions.at_work(reason, message)], moment)


def training(status: SFTJobStatus, moment: Moment, *, message: str) -> SFTJobStatus:
    """The training pod runs."""
    statements = [
        _accepted(),
        Statement(ConditionType.PODS_READY, "True", Reason.TRAINING, message),
        _goes_on(),
        *conditions.settled(Reason.TRAINING, message),
    ]
    return told(status, "Training", statements, moment)


def waiting_to_retry(status: SFTJobStatus, moment: Moment) -> SFTJobStatus:
    """The newest plan or attempt ended in a way that may pass."""
    why = in_words(status.failure) if status.failure else ""
    message = f"The next attempt starts at {status.retry_after}. The last one: {why}"
    statements = [_accepted(), _goes_on(), *conditions.at_work(Reason.RETRYING, message)]
    if status.resolved is not None:
        statements.append(Statement(ConditionType.PODS_READY, "False", Reason.RETRYING, message))
    else:
        statements.append(Statement(ConditionType.PLANNED, "False", Reason.RETRYING, message))
    return told(status, "Retrying", statements, moment)


def failed(status: SFTJobStatus, moment: Moment) -> SFTJobStatus:
    """The run failed for good."""
    failure = status.failure or Failure(reason=Reason.INTERNAL_ERROR, message="No failure was recorded", remedy="")
    message = in_words(failure)
    statements = [
        _accepted(),
        Statement(ConditionType.SUCCEEDED, "False", failure.reason, message),
        *conditions.stalled(failure.reason, message),
    ]
    if status.resolved is not None:
        statements.append(Statement(ConditionType.PODS_READY, "False", failure.reason, ""))
    else:
        statements.append(Statement(ConditionType.PLANNED, "False", failure.reason, message))
    return told(status, "Failed", statements, moment)


def succeeded(status: SFTJobStatus, artifact: ArtifactStatus, moment: Moment) -> SFTJobStatus:
    """The artifact stands, and was read back."""
    reason = status.attempts[-1].reason or str(Reason.COMPLETED)
    message = f"The adapter stands at {artifact.uri}; its manifest's sha256 is {artifact.manifest_digest[:12]}..."
    statements = [
        _accepted(),
        Statement(ConditionType.PODS_READY, "False", reason, "The training pod is done"),
        Statement(ConditionType.SUCCEEDED, "True", reason, message),
        *conditions.settled(reason, message),
    ]
    return told(status, "Succeeded", statements, moment)


def samples(result: contract.TrainResult) -> list[SampleStatus]:
    """The first samples, short enough for a status."""
    return [
        SampleStatus(
            prompt=cut(sample.prompt, MAX_SAMPLE_LENGTH),
            before=cut(sample.before, MAX_SAMPLE_LENGTH),
            after=cut(sample.after, MAX_SAMPLE_LENGTH),
        )
        for sample in result.samples[:KEPT_SAMPLES]
    ]
