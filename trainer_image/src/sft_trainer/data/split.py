"""Train or eval, by the row's own hash: the same row always falls on the same side, in any dataset."""

from __future__ import annotations

from sft_trainer.data.digest import EVAL, TRAIN

BUCKETS = 10_000
"""A percent of a percent: fine enough for any share, and 16 hex digits spread evenly over it."""


def split_of(row_hash: str, eval_percent: int) -> str:
    """`train` or `eval`."""
    return EVAL if int(row_hash[:16], 16) % BUCKETS < eval_percent * (BUCKETS // 100) else TRAIN
