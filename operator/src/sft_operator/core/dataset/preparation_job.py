"""From an accepted InstructionDataset to the Job that prepares it."""

from __future__ import annotations

from sft_operator.api.instruction_dataset import Contamination, Dedupe, NearDuplicateAction
from sft_operator.core import naming
from sft_operator.core.dataset.checks import Accepted
from sft_operator.core.decision import NewJob
from sft_operator.core.locations import Opened
from sft_operator.core.manifests.config_map import build_config_map
from sft_operator.core.manifests.job import JobRequest, build_job
from sft_operator.core.manifests.pod import PodRequest
from sft_operator.core.observed import DatasetWorld, Parent, Profile
from sft_trainer.contract import (
    CleanSettings,
    CompareBy,
    ContaminationSettings,
    DedupeSettings,
    DomainLimit,
    DuplicateAction,
    ExportShape,
    FeatureSettings,
    Gates,
    NearDuplicateSettings,
    NetworkSettings,
    ObjectRef,
    PrepareConfig,
)


def versions_folder(parent: Parent, output: Opened) -> Opened:
    """Where the dataset's versions lie, each in a folder named by its digest."""
    return output.below("datasets", parent.name)


def run_folder(world: DatasetWorld, output: Opened) -> Opened:
    """Where this preparation puts its report, rejected rows and exit records."""
    parent = world.parent
    name = f"{naming.short_uid(parent)}-g{parent.generation}-r{world.spec.run}"
    return versions_folder(parent, output).below("runs", name)


def new_preparation(world: DatasetWorld, accepted: Accepted, attempt: int) -> NewJob:
    """The Job of one attempt at preparing this generation and run, and its config."""
    config = _config(world, accepted, attempt)
    name = naming.preparation_job(world.parent, world.spec.run, attempt)
    opened = [*accepted.sources, *accepted.evaluation_sources]
    spec = accepted.profile.spec
    model_secret = accepted.model.secret_name if accepted.model else None
    secrets = (accepted.output.secret_name, model_secret, *(each.store_secret for each in opened))
    pod = PodRequest(
        image=world.images.data,
        pull_policy=world.images.pull_policy,
        command="prepare",
        config_map=name,
        secret_names=sorted({name for name in secrets if name}),
        resources=spec.preparation,
        scheduling=spec.scheduling,
        grace_seconds=spec.termination_grace_period_seconds,
        image_pull_secrets=spec.image_pull_secrets,
        tokens=sorted({each.token for each in opened if each.token}),
        row_config_maps=sorted({each.config_map for each in opened if each.config_map}),
    )
    request = JobRequest(world.parent, name, world.spec.run, attempt, config, pod)
    return NewJob(build_config_map(request), build_job(request))


def _config(world: DatasetWorld, accepted: Accepted, attempt: int) -> PrepareConfig:
    parent, spec, evaluation = world.parent, world.spec, world.spec.contamination
    return PrepareConfig(
        owner=ObjectRef(namespace=parent.namespace, name=parent.name, uid=parent.uid),
        attempt=attempt,
        sources=[each.source for each in accepted.sources],
        evaluation_sources=[each.source for each in accepted.evaluation_sources],
        contamination=_contamination(evaluation) if evaluation else ContaminationSettings(),
        clean=CleanSettings.model_validate(spec.clean.model_dump()),
        dedupe=_dedupe(spec.dedupe),
        domains=[DomainLimit(**limit.model_dump()) for limit in spec.domains],
        features=FeatureSettings(
            model=accepted.model.store if accepted.model else None,
            sequence_lengths=tuple(sorted(spec.features.sequence_lengths)),
        ),
        exports=[ExportShape(shape.value) for shape in spec.exports],
        network=network_settings(accepted.profile),
        eval_percent=spec.split.eval_percent,
        gates=Gates(max_reject_percent=spec.gates.max_reject_percent, min_rows=spec.gates.min_rows),
        versions=versions_folder(parent, accepted.output).store,
        run=run_folder(world, accepted.output).store,
    )


def network_settings(profile: Profile) -> NetworkSettings:
    """What the profile's owners allow of the network."""
    network = profile.spec.network
    return NetworkSettings(
        allowed_private_hosts=frozenset(network.allowed_private_hosts),
        hub_endpoint=network.hub_endpoint,
    )


def _dedupe(wanted: Dedupe) -> DedupeSettings:
    near = None
    if wanted.near.action is not NearDuplicateAction.IGNORE:
        near = NearDuplicateSettings(
            threshold_percent=wanted.near.threshold_percent,
            action=DuplicateAction(wanted.near.action.value),
            by=CompareBy(wanted.near.by.value),
        )
    return DedupeSettings(exact=CompareBy(wanted.exact.value), near=near)


def _contamination(wanted: Contamination) -> ContaminationSettings:
    return ContaminationSettings(ngram_tokens=wanted.ngram_tokens, min_overlap_percent=wanted.min_overlap_percent)
