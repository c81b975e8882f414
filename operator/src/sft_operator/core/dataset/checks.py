"""What must hold before an InstructionDataset is prepared; the first check that fails is its reason."""

from __future__ import annotations

from dataclasses import dataclass

from sft_operator.api.instruction_dataset import InstructionDatasetSpec
from sft_operator.api.reasons import Reason
from sft_operator.core.checks import Unmet
from sft_operator.core.locations import Opened, OutsideLocations, open_for_user, open_output
from sft_operator.core.observed import DatasetWorld, Profile
from sft_operator.core.profile_choice import choose_profile


@dataclass(frozen=True, slots=True)
class Accepted:
    """Everything that a preparation needs, found and allowed."""

    profile: Profile
    sources: dict[str, Opened]
    """Sources in the object store, by their name; inline ones are not among them."""
    output: Opened
    """Folder of the parent's namespace."""


def check(world: DatasetWorld) -> Accepted:
    """Runs the checks in order; raises Unmet."""
    namespace = world.parent.namespace
    profile = choose_profile(world.spec.profile_name, namespace, world.profiles)
    try:
        return Accepted(profile, _open_sources(world.spec, profile, namespace), open_output(profile, namespace))
    except OutsideLocations as outside:
        raise Unmet(Reason.OUTSIDE_LOCATIONS, str(outside)) from outside


def _open_sources(spec: InstructionDatasetSpec, profile: Profile, namespace: str) -> dict[str, Opened]:
    return {
        source.name: open_for_user(source.s3, profile, namespace, field=f"spec.sources[{source.name}].s3.uri")
        for source in spec.sources
        if source.s3 is not None
    }
