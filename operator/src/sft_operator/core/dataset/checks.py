"""What must hold before an InstructionDataset is prepared; the first check that fails is its reason."""

from __future__ import annotations

from collections.abc import Sequence
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
    evaluation_sources: dict[str, Opened]
    """The same of those that rows must not repeat."""
    output: Opened
    """Folder of the parent's namespace."""


def check(world: DatasetWorld) -> Accepted:
    """Runs the checks in order; raises Unmet."""
    namespace = world.parent.namespace
    profile = choose_profile(world.spec.profile_name, namespace, world.profiles)
    try:
        contamination = world.spec.contamination
        evaluation = _open(contamination.sources, profile, world, field="spec.contamination.sources") if contamination else {}
        sources = _open(world.spec.sources, profile, world, field="spec.sources")
        return Accepted(profile, sources, evaluation, open_output(profile, namespace))
    except OutsideLocations as outside:
        raise Unmet(Reason.OUTSIDE_LOCATIONS, str(outside)) from outside


def _open(sources: Sequence[DatasetSource], profile: Profile, world: DatasetWorld, *, field: str) -> dict[str, Opened]:
    namespace = world.parent.namespace
    return {
        source.name: open_for_user(source.s3, profile, world.profiles, namespace, field=f"{field}[{source.name}].s3.uri")
        for source in sources
        if source.s3 is not None
    }
