"""Names, labels and owners of children. They follow from the parent alone, so that creating twice creates once.

A Job's name is also a label value of its pods, hence the 63 characters. Where a name is too long the parent's own name
gives way; the eight characters of its UID still tell it from every other.
"""

from __future__ import annotations

from typing import Any

from sft_operator.api import API_VERSION, GROUP
from sft_operator.core.observed import Parent

MAX_LENGTH = 63
UID_LABEL = f"{GROUP}/uid"
KIND_LABEL = f"{GROUP}/kind"
NAME_LABEL = f"{GROUP}/name"
GENERATION_LABEL = f"{GROUP}/generation"
RUN_LABEL = f"{GROUP}/run"
STAGE_LABEL = f"{GROUP}/stage"
ATTEMPT_LABEL = f"{GROUP}/attempt"
MANAGED_BY = {"app.kubernetes.io/managed-by": "sft-operator"}


def short_uid(parent: Parent) -> str:
    """The first eight characters of the UID."""
    return parent.uid[:8]


def preparation_job(parent: Parent, run: int, attempt: int) -> str:
    """Name of the Job that prepares this generation and run of an InstructionDataset."""
    return _name("ids", parent, f"g{parent.generation}-r{run}-a{attempt}")


def source_check_job(parent: Parent, number: int) -> str:
    """Name of the Job that compares an InstructionDataset's sources with what its version was made from."""
    return _name("ids", parent, f"g{parent.generation}-check{number}")


def plan_job(parent: Parent, run: int, number: int) -> str:
    """Name of the Job that plans this run of an SFTJob."""
    return _name("sft", parent, f"r{run}-plan{number}")


def training_job(parent: Parent, run: int, attempt: int) -> str:
    """Name of the Job that is one attempt at training."""
    return _name("sft", parent, f"r{run}-a{attempt}")


def _name(prefix: str, parent: Parent, ending: str) -> str:
    ending = f"{short_uid(parent)}-{ending}"
    room = MAX_LENGTH - len(prefix) - len(ending) - 2
    return f"{prefix}-{parent.name[:room].rstrip('-')}-{ending}"


def labels(parent: Parent, *, stage: str, run: int, attempt: int) -> dict[str, str]:
    """Labels by which children are watched and listed. Whose a child is says its owner reference alone."""
    return {
        **MANAGED_BY,
        KIND_LABEL: parent.kind,
        NAME_LABEL: parent.name,
        UID_LABEL: parent.uid,
        STAGE_LABEL: stage,
        GENERATION_LABEL: str(parent.generation),
        RUN_LABEL: str(run),
        ATTEMPT_LABEL: str(attempt),
    }


def owner_reference(parent: Parent) -> dict[str, Any]:
    """Makes the parent the controller of a child: it is collected with its parent, and belongs to no other."""
    return {
        "apiVersion": API_VERSION,
        "kind": parent.kind,
        "name": parent.name,
        "uid": parent.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
