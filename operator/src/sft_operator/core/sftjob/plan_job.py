"""From an accepted SFTJob to the Job that plans its run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sft_operator.api.sft_job_status import ResolvedDataset
from sft_operator.core import naming
from sft_operator.core.decision import NewJob
from sft_operator.core.locations import Opened
from sft_operator.core.manifests.config_map import build_config_map
from sft_operator.core.manifests.job import JobRequest, build_job
from sft_operator.core.manifests.pod import PodRequest
from sft_operator.core.observed import SFTJobWorld
from sft_operator.core.sftjob.checks import Accepted
from sft_trainer.contract import ObjectRef, PinnedDataset, PlanConfig


def new_plan(world: SFTJobWorld, accepted: Accepted, datasets: dict[str, Opened], number: int) -> NewJob:
    """The Job that pins and measures the model, counts tokens and tries the output; it takes no GPU."""
    config = PlanConfig(
        owner=owner(world),
        attempt=number,
        model=accepted.model.store,
        datasets=pinned(world.status.pinned_datasets, datasets),
        max_sequence_length=world.spec.training.max_sequence_length,
        output=accepted.output.below("jobs", world.parent.name).store,
    )
    name = naming.plan_job(world.parent, world.spec.run, number)
    spec = accepted.profile.spec
    pod = PodRequest(
        image=world.images.data,
        pull_policy=world.images.pull_policy,
        command="plan",
        config_map=name,
        secret_names=secret_names([accepted.model, accepted.output, *datasets.values()]),
        resources=spec.preparation,
        scheduling=spec.scheduling,
        grace_seconds=spec.termination_grace_period_seconds,
        image_pull_secrets=spec.image_pull_secrets,
    )
    request = JobRequest(world.parent, name, world.spec.run, number, config, pod)
    return NewJob(build_config_map(request), build_job(request))


def owner(world: SFTJobWorld) -> ObjectRef:
    """The SFTJob, as pods know it."""
    return ObjectRef(namespace=world.parent.namespace, name=world.parent.name, uid=world.parent.uid)


def pinned(resolved: Sequence[ResolvedDataset], opened: dict[str, Opened]) -> list[PinnedDataset]:
    """The dataset versions, as pods read them."""
    return [PinnedDataset(name=dataset.name, digest=dataset.digest, store=opened[dataset.name].store) for dataset in resolved]


def secret_names(places: Iterable[Opened]) -> list[str]:
    """The Secrets that a pod mounts, each once."""
    return sorted({place.secret_name for place in places if place.secret_name})
