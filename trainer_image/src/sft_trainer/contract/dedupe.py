"""`dedupe`: which rows repeat one another, and which repeat what a model is evaluated with."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from sft_trainer.contract.wire import ContractModel


class CompareBy(StrEnum):
    """What of a row is compared with other rows."""

    ROW = "Row"
    """All that it says. Near duplicates must be as similar in what they ask: two questions with one answer are no duplicates."""
    INSTRUCTION = "Instruction"
    """What the user asks; rows that answer one question differently are then duplicates."""


class DuplicateAction(StrEnum):
    """What becomes of the rows of a cluster of near duplicates."""

    DROP = "Drop"
    """One of them is kept."""
    KEEP = "Keep"
    """All are kept, on one side of the split into training and evaluation."""


class NearDuplicateSettings(ContractModel):
    """Rows that are nearly the same."""

    threshold_percent: int = Field(default=70, ge=60, le=100)
    """Jaccard similarity of the sets of 5-character shingles from which on two rows are near duplicates. Below 60 % too many
    pairs would be missed."""
    action: DuplicateAction = DuplicateAction.DROP
    by: CompareBy = CompareBy.ROW


class ContaminationSettings(ContractModel):
    """When a row counts as taken from the evaluation texts."""

    ngram_tokens: int = Field(default=13, ge=5, le=50)
    """Length of the runs of tokens that are looked for; a token is a word, or a single Chinese character."""
    min_overlap_percent: int = Field(default=50, ge=0, le=100)
    """Share of n-grams, of the row or of an evaluation text, whichever has fewer, that both must have; at 0 a single one is
    enough."""


class DedupeSettings(ContractModel):
    """Duplicates."""

    exact: CompareBy = CompareBy.ROW
    near: NearDuplicateSettings | None = None
    """None compares nothing. It is what a document without this field says: on the wire, none is left out."""
