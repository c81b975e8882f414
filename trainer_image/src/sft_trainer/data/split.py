"""Train or eval, by the row's own hash: the same row always falls on the same side, in any dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sft_trainer.data.digest import EVAL, TRAIN
from sft_trainer.data.near_duplicates.clusters import Clusters

Splits = Mapping[str, Sequence[int]]
"""The numbers of the rows on each side, `train` and `eval`."""
BUCKETS = 10_000
"""A percent of a percent: fine enough for any share, and 8 bytes spread evenly over it."""


def split_of(row_hash: bytes, eval_percent: int) -> str:
    """`train` or `eval`."""
    return EVAL if int.from_bytes(row_hash[:8]) % BUCKETS < eval_percent * (BUCKETS // 100) else TRAIN


def split_rows(
    numbers: Iterable[int], row_hashes: Sequence[bytes], clusters: Clusters | None, eval_percent: int
) -> dict[str, list[int]]:
    """The numbers of the rows on each side. The rows of a cluster fall together, by the least of their hashes: were a row and its
    near duplicate on two sides, the measure would say how well it was learned by heart."""
    splits: dict[str, list[int]] = {TRAIN: [], EVAL: []}
    for number in numbers:
        leader = clusters.first(number) if clusters else number
        splits[split_of(row_hashes[leader], eval_percent)].append(number)
    return splits
