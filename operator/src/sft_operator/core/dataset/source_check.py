"""Are the sources of a published version still what it was made from? A small Job looks now and then; a condition says.

Nothing is prepared because of it: a version changes only when its owner asks for another one.
"""

from __future__ import annotations

from datetime import timedelta

from sft_operator.api.condition import Attempt
from sft_operator.api.dataset_source import RowSource
from sft_operator.api.instruction_dataset import DatasetVersion, InstructionDatasetSpec, InstructionDatasetStatus
from sft_operator.api.reasons import ConditionType, Reason
from sft_operator.api.training_profile import Resources
from sft_operator.core import attempts, conditions, naming, timestamps
from sft_operator.core.checks import Unmet
from sft_operator.core.conditions import Moment
from sft_operator.core.consequence import seconds_until
from sft_operator.core.dataset import status as say
from sft_operator.core.dataset.checks import Accepted, check
from sft_operator.core.dataset.preparation_job import network_settings, run_folder
from sft_operator.core.decision import Decision, NewJob
from sft_operator.core.manifests.config_map import build_config_map
from sft_operator.core.manifests.job import JobRequest, build_job
from sft_operator.core.manifests.pod import PodRequest
from sft_operator.core.observed import DatasetWorld
from sft_operator.core.retry_policy import Ending, Verdict
from sft_trainer.contract import ObjectRef, SourceCheckConfig

DatasetDecision = Decision[InstructionDatasetStatus]
STUCK_SECONDS = 3600
"""A pod that was not placed in an hour asks too much of the cluster for a look; the next one is made in its turn."""
RESOURCES = Resources(cpu="100m", memory="1Gi", disk="1Gi")
"""A listing and a report are read, no rows; what a preparation needs would be taken for nothing."""
FAILED_AGAIN_SECONDS = 3600
"""Until the next look after one that came to nothing, if it is not due before."""


def can_change(source: RowSource) -> bool:
    """Whether a source may come to hold something else: rows in the manifest and files pinned by a checksum never do."""
    return bool(source.s3 or source.hugging_face or source.config_map or getattr(source, "catalog", None))


def is_watched(spec: InstructionDatasetSpec) -> bool:
    """Whether the sources are looked at."""
    return spec.drift.check_seconds > 0 and any(map(can_change, spec.sources))


def watch_sources(
    world: DatasetWorld, status: InstructionDatasetStatus, version: DatasetVersion, moment: Moment
) -> DatasetDecision:
    """What is to be done for a dataset whose version stands."""
    if not is_watched(world.spec):
        unsaid = conditions.without(status.conditions, ConditionType.SOURCES_CHANGED)
        return Decision(status.model_copy(update={"conditions": unsaid, "source_check": None}), is_settled=True)
    newest = status.source_check
    if newest is not None and newest.ended_at is None:
        return _pursue(world, status, newest, moment)
    wait = seconds_until(_due(world.spec, newest, version), moment)
    if wait > 0:
        return Decision(status, requeue_after_seconds=wait, is_settled=True)
    number = newest.number + 1 if newest else 1
    begun = Attempt(number=number, job_name=naming.source_check_job(world.parent, number))
    return _create(world, status.model_copy(update={"source_check": begun}), begun, moment)


def _due(spec: InstructionDatasetSpec, newest: Attempt | None, version: DatasetVersion) -> str:
    if newest is None or newest.ended_at is None:
        return _later(version.ready_at, spec.drift.check_seconds)
    has_failed = newest.exit_code != 0
    seconds = min(spec.drift.check_seconds, FAILED_AGAIN_SECONDS) if has_failed else spec.drift.check_seconds
    return _later(newest.ended_at, seconds)


def _later(text: str, seconds: int) -> str:
    return timestamps.to_text(timestamps.from_text(text) + timedelta(seconds=seconds))


def _create(world: DatasetWorld, status: InstructionDatasetStatus, attempt: Attempt, moment: Moment) -> DatasetDecision:
    try:
        accepted = check(world)
    except Unmet as unmet:
        return _conclude(status, Ending(Verdict.FAIL, unmet.reason, unmet.message), moment)
    return Decision(status, create=_new_job(world, accepted, attempt))


def _pursue(world: DatasetWorld, status: InstructionDatasetStatus, attempt: Attempt, moment: Moment) -> DatasetDecision:
    match attempts.examine(attempt, world.children, moment):
        case attempts.NotCreated():
            if world.children.refusal:
                return Decision(status, requeue_after_seconds=attempts.REFUSED_AGAIN_SECONDS)
            return _create(world, status, attempt, moment)
        case attempts.Created(job):
            (recorded,) = attempts.created([attempt], job)
            checking = status.model_copy(update={"source_check": recorded})
            return Decision(checking, hand_over=job, requeue_after_seconds=STUCK_SECONDS)
        case attempts.Active(job):
            age = (moment.now - job.created_at).total_seconds()
            if age < STUCK_SECONDS:
                return Decision(status, requeue_after_seconds=STUCK_SECONDS - age)
            message = f"Pod of Job '{job.name}' did not come to its end in {STUCK_SECONDS} s"
            return _conclude(status, Ending(Verdict.RETRY, Reason.STALLED, message), moment)
        case attempts.Leaving() | attempts.Unheard():
            return Decision(status, requeue_after_seconds=attempts.HEAR_AGAIN_SECONDS)
        case attempts.Over(ending):
            return _conclude(status, ending, moment)


def _conclude(status: InstructionDatasetStatus, ending: Ending, moment: Moment) -> DatasetDecision:
    assert status.source_check is not None  # noqa: S101 - it was begun, or there would be no end
    (ended,) = attempts.ended([status.source_check], ending, moment)
    told = say.sources_checked(status.model_copy(update={"source_check": ended}), ending, moment)
    return Decision(told, requeue_after_seconds=attempts.HEAR_AGAIN_SECONDS)


def _new_job(world: DatasetWorld, accepted: Accepted, attempt: Attempt) -> NewJob:
    parent, sources = world.parent, accepted.sources
    secrets = (accepted.output.secret_name, *(each.store_secret for each in sources))
    config = SourceCheckConfig(
        owner=ObjectRef(namespace=parent.namespace, name=parent.name, uid=parent.uid),
        attempt=attempt.number,
        sources=[each.source for each in sources],
        network=network_settings(accepted.profile),
        run=run_folder(world, accepted.output).store,
    )
    spec = accepted.profile.spec
    pod = PodRequest(
        image=world.images.data,
        pull_policy=world.images.pull_policy,
        command="check-sources",
        config_map=attempt.job_name,
        secret_names=sorted({name for name in secrets if name}),
        resources=RESOURCES,
        scheduling=spec.scheduling,
        grace_seconds=spec.termination_grace_period_seconds,
        image_pull_secrets=spec.image_pull_secrets,
        tokens=sorted({each.token for each in sources if each.token}),
        row_config_maps=sorted({each.config_map for each in sources if each.config_map}),
    )
    request = JobRequest(parent, attempt.job_name, world.spec.run, attempt.number, config, pod)
    return NewJob(build_config_map(request), build_job(request))
