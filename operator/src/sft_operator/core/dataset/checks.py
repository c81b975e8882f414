"""What must hold before an InstructionDataset is prepared; the first check that fails is its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sft_operator.api.dataset_source import RowSource
from sft_operator.api.reasons import Reason
from sft_operator.core.checks import Unmet
from sft_operator.core.dataset.opened_source import OpenedSource, open_source
from sft_operator.core.locations import Opened, OutsideLocations, open_for_user, open_output
from sft_operator.core.observed import DatasetWorld, Profile
from sft_operator.core.profile_choice import choose_profile


@dataclass(frozen=True, slots=True)
class Accepted:
    """Everything that a preparation needs, found and allowed."""

    profile: Profile
    sources: list[OpenedSource]
    evaluation_sources: list[OpenedSource]
    """Those whose rows must not be repeated."""
    model: Opened | None
    """The one that tokens are counted for."""
    output: Opened
    """Folder of the parent's namespace."""


def check(world: DatasetWorld) -> Accepted:
    """Runs the checks in order; raises Unmet."""
    namespace = world.parent.namespace
    profile = choose_profile(world.spec.profile_name, namespace, world.profiles)
    try:
        contamination = world.spec.contamination
        evaluation = _open(contamination.sources, profile, world, field="spec.contamination.sources") if contamination else []
        sources = _open(world.spec.sources, profile, world, field="spec.sources")
        model = _open_model(profile, world)
        return Accepted(profile, sources, evaluation, model, open_output(profile, namespace))
    except OutsideLocations as outside:
        raise Unmet(Reason.OUTSIDE_LOCATIONS, str(outside)) from outside


def _open(sources: Sequence[RowSource], profile: Profile, world: DatasetWorld, *, field: str) -> list[OpenedSource]:
    return [open_source(source, profile, world, field=field) for source in sources]


def _open_model(profile: Profile, world: DatasetWorld) -> Opened | None:
    wanted = world.spec.features.model
    if wanted is None or wanted.s3 is None:
        return None
    return open_for_user(wanted.s3, profile, world.profiles, world.parent.namespace, field="spec.features.model.s3.uri")
