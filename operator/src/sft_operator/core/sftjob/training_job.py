"""From a resolved run to the Job of one attempt at training."""

from __future__ import annotations

from dataclasses import dataclass

from sft_operator.api.condition import Attempt
from sft_operator.api.sft_job_status import Resolved
from sft_operator.core.decision import NewJob
from sft_operator.core.locations import Opened
from sft_operator.core.manifests.config_map import build_config_map
from sft_operator.core.manifests.job import JobRequest, build_job
from sft_operator.core.manifests.pod import PodRequest
from sft_operator.core.observed import SFTJobWorld
from sft_operator.core.sftjob.checks import Accepted
from sft_operator.core.sftjob.plan_job import owner, pinned, secret_names
from sft_operator.core.sftjob.settings import lora_settings, sampling_settings, training_settings
from sft_trainer.contract import ModelFacts, Precision, RunConfig, WeightFormat

LEVELS_OF_A_RUN = 3
"""`jobs/<name>/<run>/`: above it lies what the namespace's runs share, wherever the profile publishes by now."""


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """What a run was resolved to, with the credentials that open it now."""

    folder: Opened
    datasets: dict[str, Opened]


def new_attempt(world: SFTJobWorld, resolved: Resolved, accepted: Accepted, opened: OpenedRun, *, attempt: Attempt) -> NewJob:
    """The Job that goes on from the newest checkpoint, or starts, and publishes the adapter at its end."""
    config = _config(world, resolved, accepted, opened, attempt=attempt)
    spec = accepted.profile.spec
    pod = PodRequest(
        image=resolved.image,
        pull_policy=world.images.pull_policy,
        command="train",
        config_map=attempt.job_name,
        secret_names=secret_names([accepted.model, opened.folder, *opened.datasets.values()]),
        resources=spec.resources,
        scheduling=spec.scheduling,
        grace_seconds=spec.termination_grace_period_seconds,
        image_pull_secrets=spec.image_pull_secrets,
    )
    request = JobRequest(world.parent, attempt.job_name, world.spec.run, attempt.number, config, pod)
    return NewJob(build_config_map(request), build_job(request))


def _config(world: SFTJobWorld, resolved: Resolved, accepted: Accepted, opened: OpenedRun, *, attempt: Attempt) -> RunConfig:
    spec = world.spec
    precision = Precision(resolved.precision.value)
    return RunConfig(
        owner=owner(world),
        run=spec.run,
        attempt=attempt.number,
        model=accepted.model.store,
        model_facts=_facts(resolved),
        model_cache=opened.folder.above(LEVELS_OF_A_RUN).below("models", resolved.model.revision).store,
        datasets=pinned(world.status.pinned_datasets, opened.datasets),
        lora=lora_settings(spec.method.lora),
        training=training_settings(spec.training, precision, resolved.max_sequence_length),
        sampling=sampling_settings(spec.evaluation.samples),
        checkpoint_every_steps=spec.checkpoint.every_steps,
        output=opened.folder.store,
        last_committed_step=attempt.last_committed_step or 0,
        grace_seconds=accepted.profile.spec.termination_grace_period_seconds,
    )


def _facts(resolved: Resolved) -> ModelFacts:
    model = resolved.model
    return ModelFacts(
        revision=model.revision,
        weight_format=WeightFormat(model.weight_format),
        architecture=model.architecture,
        parameters=model.parameters,
        bytes=model.bytes,
        context_length=model.context_length,
    )
