"""Train or eval, by the row's own hash: the same row always falls on the same side, in any dataset."""

from __future__ import annotations

from collections.abc import Sequence

from sft_trainer.data.digest import EVAL, TRAIN

BUCKETS = 10_000
"""A percent of a percent: fine enough for any share, and 8 bytes spread evenly over it."""


def split_of(row_hash: bytes, eval_percent: int) -> str:
    """`train` or `eval`."""
    return EVAL if int.from_bytes(row_hash[:8]) % BUCKETS < eval_percent * (BUCKETS // 100) else TRAIN


def split_rows(row_hashes: Sequence[bytes], eval_percent: int) -> dict[str, list[int]]:
    """The numbers of the rows on each side."""
    splits: dict[str, list[int]] = {TRAIN: [], EVAL: []}
    for number, row_hash in enumerate(row_hashes):
        splits[split_of(row_hash, eval_percent)].append(number)
    return splits
