"""The container images of the pods: chosen by whoever installs the operator, never by a user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PullPolicy = Literal["Always", "IfNotPresent", "Never"]


@dataclass(frozen=True, slots=True)
class Images:
    """What runs in the pods."""

    data: str
    """Prepares datasets and plans runs; small, no torch."""
    trainer: str
    """Trains."""
    pull_policy: PullPolicy
