"""The digest that names a run's folder: whoever asks for the same training again finds it done.

It covers what determines the trained weights and the samples, and nothing that may change while a run goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sft_operator.api.sft_job import SFTJobSpec
from sft_operator.api.sft_job_status import ResolvedDataset
from sft_operator.api.training_settings import Precision

LENGTH = 12
"""48 bits: among a million runs of one SFTJob's name, two meet with a chance of 1 in 500."""

MUTABLE = {"limits"}
DECIMALS = {"learningRate", "warmupRatio", "weightDecay", "maxGradNorm", "dropout", "temperature", "topP"}
"""Fields with a number written as text: `2e-4` and `0.0002` train alike."""
SETS = {"targetModules"}
"""Lists whose order says nothing."""


def inputs_digest(spec: SFTJobSpec, model_revision: str, datasets: Sequence[ResolvedDataset], precision: Precision) -> str:
    """The first 12 hexadecimal digits of the sha256 of the run's inputs as canonical JSON; `datasets` as they are trained on,
    `precision` as resolved."""
    inputs = {
        "method": _canonical(spec.method.model_dump(mode="json", by_alias=True, exclude_none=True)),
        "training": _canonical(spec.training.model_dump(mode="json", by_alias=True, exclude_none=True)),
        "evaluation": _canonical(spec.evaluation.model_dump(mode="json", by_alias=True, exclude_none=True)),
        "modelRevision": model_revision,
        "datasets": [[dataset.name, dataset.digest] for dataset in datasets],
        "precision": precision.value,
    }
    return _digest(inputs)


def _canonical(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same with each number spelled, and each set ordered, in one way."""
    return {name: _spelled(name, value) for name, value in fields.items()}


def _spelled(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return _canonical(value)
    if name in SETS:
        return sorted(value)
    return str(Decimal(value).normalize()) if name in DECIMALS else value


def plan_digest(spec: SFTJobSpec) -> str:
    """The same of all that a plan depends on: every field but those that may change while a run goes on."""
    return _digest(spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=MUTABLE))


def _digest(inputs: Mapping[str, Any]) -> str:
    # No floats are in it (decimals are text), so sorted keys without blanks are canonical (RFC 8785).
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
