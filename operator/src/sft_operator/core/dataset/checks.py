"""What must hold before an InstructionDataset is prepared; the first check that fails is its reason."""

from __future__ import annotations

from dataclasses import dataclass

from sft_operator.api.instruction_dataset import DatasetSource
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
        sources = {source.name: _open(source, profile, namespace) for source in world.spec.sources if source.s3 is not None}
        return Accepted(profile, sources, open_output(profile, namespace))
    except OutsideLocations as outside:
        raise Unmet(Reason.OUTSIDE_LOCATIONS, str(outside)) from outside


def _open(source: DatasetSource, profile: Profile, namespace: str) -> Opened:
    if source.s3 is None:
        raise Unmet(Reason.INVALID_SPEC, f"Source '{source.name}' has neither s3 nor inline; give exactly one")
    return open_for_user(source.s3, profile, namespace, field=f"spec.sources[{source.name}].s3.uri")
