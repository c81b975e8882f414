"""What a run is made of: what the spec left open, filled in from what the plan measured, each with its reason."""

from __future__ import annotations

import math
import re

from sft_operator.api import training_settings as api
from sft_operator.api.reasons import Reason
from sft_operator.api.sft_job import SFTJobSpec
from sft_operator.api.sft_job_status import Resolved, ResolvedData, ResolvedModel
from sft_operator.core.checks import Unmet
from sft_operator.core.inputs_digest import inputs_digest
from sft_operator.core.observed import Profile, SFTJobWorld
from sft_operator.core.sftjob.checks import Accepted
from sft_operator.core.text import cut
from sft_trainer.contract import DataStats, ModelFacts, PlanResult

REVISION = re.compile(r"[0-9a-f]{64}")


def resolve(world: SFTJobWorld, accepted: Accepted, result: PlanResult) -> Resolved:
    """The run's `resolved`; raises Unmet if the plan's figures cannot be those of a model and its data."""
    spec, facts = world.spec, result.model
    if not REVISION.fullmatch(facts.revision) or result.data.train_rows < 1 or facts.context_length < 1:
        raise Unmet(Reason.INTERNAL_ERROR, "The plan named no revision, no row to train on or no context length")
    precision, reason = resolve_precision(spec.training.precision, accepted.profile)
    folder = f"{inputs_digest(spec, facts.revision, world.status.pinned_datasets, precision)}-r{spec.run}"
    max_sequence_length = min(spec.training.max_sequence_length, facts.context_length)
    return Resolved(
        profile_name=accepted.profile.name,
        image=world.images.trainer,
        model=_model(accepted.model.store.uri, facts),
        data=ResolvedData.model_validate(result.data.model_dump()),
        precision=precision,
        precision_reason=reason,
        max_sequence_length=max_sequence_length,
        total_steps=total_steps(spec, result.data, max_sequence_length),
        output_uri=accepted.output.below("jobs", world.parent.name, folder).store.uri,
    )


def _model(uri: str, facts: ModelFacts) -> ResolvedModel:
    return ResolvedModel(
        uri=uri,
        revision=facts.revision,
        weight_format=facts.weight_format.value,
        architecture=cut(facts.architecture, 128),
        parameters=facts.parameters,
        bytes=facts.bytes,
        context_length=facts.context_length,
    )


def resolve_precision(wanted: api.Precision, profile: Profile) -> tuple[api.Precision, str]:
    """The number format, and why this one."""
    if wanted is not api.Precision.AUTO:
        return wanted, "spec.training.precision asks for it"
    if profile.spec.resources.gpu is not None:
        return api.Precision.BF16, "Auto: the profile trains on GPUs"
    return api.Precision.FP32, "Auto: the profile trains on CPUs, which are slow with BF16"


def total_steps(spec: SFTJobSpec, data: DataStats, max_sequence_length: int) -> int:
    """Optimizer steps of the whole run, counted as transformers.Trainer does without dropping the last batch.

    With packing it is an estimate, as if every sequence were filled: the pod's own count takes its place.
    """
    training = spec.training
    sequences = math.ceil(data.tokens / max_sequence_length) if training.packing else data.train_rows
    batches_per_epoch = max(1, math.ceil(sequences / training.micro_batch_size))
    steps = training.epochs * math.ceil(batches_per_epoch / training.gradient_accumulation_steps)
    return min(steps, training.max_steps) if training.max_steps else steps
