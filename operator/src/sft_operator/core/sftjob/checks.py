"""What must hold before an SFTJob is planned; the first check that fails is its reason."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from sft_operator.api.reasons import ConditionType, Reason
from sft_operator.api.sft_job_status import Resolved, ResolvedDataset
from sft_operator.core import conditions
from sft_operator.core.checks import Unmet
from sft_operator.core.consequence import in_words
from sft_operator.core.locations import Opened, OutsideLocations, open_for_user, open_inside, open_output, open_published
from sft_operator.core.observed import DatasetSeen, Profile, SFTJobWorld
from sft_operator.core.profile_choice import choose_profile
from sft_operator.core.sftjob.settings import lora_settings, sampling_settings, training_settings
from sft_trainer.contract import Precision


@dataclass(frozen=True, slots=True)
class Accepted:
    """Everything that a run needs beside its datasets, found and allowed."""

    profile: Profile
    model: Opened
    output: Opened
    """Folder of the parent's namespace."""


def check(world: SFTJobWorld) -> Accepted:
    """Runs the checks in order; raises Unmet. A resolved run keeps the profile it was resolved with."""
    namespace, spec = world.parent.namespace, world.spec
    name = world.status.resolved.profile_name if world.status.resolved else spec.profile_name
    profile = choose_profile(name, namespace, world.profiles)
    if spec.model.s3 is None:
        raise Unmet(Reason.INVALID_SPEC, "spec.model names no source; s3 must be given")
    try:
        model = open_for_user(spec.model.s3, profile, world.profiles, namespace, field="spec.model.s3.uri")
        output = open_output(profile, namespace)
    except OutsideLocations as outside:
        raise Unmet(Reason.OUTSIDE_LOCATIONS, str(outside)) from outside
    _check_numbers(world)
    return Accepted(profile, model, output)


def _check_numbers(world: SFTJobWorld) -> None:
    """The bounds of decimal text are checked by the API server; a spec stored under older rules may still break them."""
    try:
        training_settings(world.spec.training, Precision.FP32, world.spec.training.max_sequence_length)
        lora_settings(world.spec.method.lora)
        sampling_settings(world.spec.evaluation.samples)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        message = f"{field} is '{first['input']}': {first['msg']}"
        raise Unmet(Reason.INVALID_SPEC, message) from error


def pin_datasets(world: SFTJobWorld) -> list[ResolvedDataset]:
    """The version of each dataset that is Ready at its newest spec; raises Unmet while one is not.

    By name: the rows are trained on in this order, and the spec's list is a map, whose order says nothing.
    """
    return [_pin(name, world) for name in sorted(ref.name for ref in world.spec.datasets)]


def _pin(name: str, world: SFTJobWorld) -> ResolvedDataset:
    seen = world.datasets.get(name)
    if seen is None:
        message = (
            f"InstructionDataset '{name}' was not found in namespace '{world.parent.namespace}'; it is waited for. "
            "Create it, or correct the name in spec.datasets"
        )
        raise Unmet(Reason.DATASET_NOT_FOUND, message)
    version = seen.status.version
    if version is not None and is_ready(seen):
        return ResolvedDataset(name=name, digest=version.digest, uri=version.uri)
    if _has_failed(seen):
        why = in_words(seen.status.failure) if seen.status.failure else "its conditions say why"
        raise Unmet(Reason.DATASET_FAILED, f"InstructionDataset '{name}' failed: {why}. It is waited for once mended")
    phase = seen.status.phase or "not looked at yet"
    raise Unmet(Reason.DATASET_NOT_READY, f"InstructionDataset '{name}' is not ready ({phase}); it is waited for")


def is_ready(seen: DatasetSeen) -> bool:
    """Ready counts only for the newest spec: an older version is not what was asked for."""
    ready = conditions.find(seen.status.conditions, ConditionType.READY)
    is_current = ready is not None and ready.observed_generation == seen.generation
    return is_current and ready is not None and ready.status == "True"


def _has_failed(seen: DatasetSeen) -> bool:
    stalled = conditions.find(seen.status.conditions, ConditionType.STALLED)
    return stalled is not None and stalled.status == "True" and seen.status.observed_generation == seen.generation


def open_datasets(pinned: list[ResolvedDataset], accepted: Accepted, namespace: str) -> dict[str, Opened]:
    """The folders of the pinned versions; raises Unmet if the profile does not reach one."""
    profile = accepted.profile
    remedy = f"prepare it with a profile that publishes to one of these: set its spec.profileName to '{profile.name}'"
    try:
        return {
            dataset.name: open_inside(
                dataset.uri, profile, namespace, field=f"The version of InstructionDataset '{dataset.name}'", remedy=remedy
            )
            for dataset in pinned
        }
    except OutsideLocations as outside:
        raise Unmet(Reason.OUTSIDE_LOCATIONS, str(outside)) from outside


def open_run_folder(resolved: Resolved, accepted: Accepted, namespace: str) -> Opened:
    """The run's folder, with the credential that opens it; raises Unmet if the profile no longer reaches it."""
    try:
        return open_published(resolved.output_uri, accepted.profile, namespace, field="The run's folder")
    except OutsideLocations as outside:
        raise Unmet(Reason.OUTSIDE_LOCATIONS, str(outside)) from outside
