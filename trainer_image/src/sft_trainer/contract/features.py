"""`features`: what is measured of the rows that are kept. Nothing here changes a row."""

from __future__ import annotations

from pydantic import Field

from sft_trainer.contract.wire import ContractModel


class FeatureSettings(ContractModel):
    """What is measured, and of how many rows."""

    sequence_lengths: tuple[int, ...] = Field(default=(512, 1024, 2048, 4096, 8192, 16384, 32768), min_length=1, max_length=32)
    """Values of maxSequenceLength for which is said how many rows it would cut."""
    sampled_rows: int = Field(default=10_000, ge=0, le=200_000)
    """Rows of which words are looked at: distinct n-grams, verbs and their objects. Those of the least hashes, so that the same
    rows always give the same figures."""
