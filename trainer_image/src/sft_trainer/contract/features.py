"""`features`: what is measured of the rows that are kept. Nothing here changes a row, or a version's digest."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sft_trainer.contract.wire import ContractModel, StorePrefix


class FeatureSettings(ContractModel):
    """What is measured, and of how many rows."""

    model: StorePrefix | None = None
    """The model that rows are meant for: their tokens are counted with its tokenizer and chat template. None counts no tokens."""
    sequence_lengths: tuple[Annotated[int, Field(ge=16, le=1 << 24)], ...] = Field(
        default=(512, 1024, 2048, 4096, 8192, 16384, 32768), min_length=1, max_length=16
    )
    """Values of maxSequenceLength for which is said how many rows it would cut."""
    sampled_rows: int = Field(default=10_000, ge=0, le=200_000)
    """Rows of which words are looked at: distinct n-grams, verbs and their objects. Those of the least hashes, so that the same
    rows always give the same figures."""
