"""Lengths of millions of rows, in four bytes each."""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

from sft_trainer.data.features.dataset_features import Cut, Histogram, Lengths

LONGEST = (1 << 32) - 1
FIRST_EDGE_BITS = 4
"""The first bin ends at 16: whether an answer has three characters or nine tells nothing."""


class LengthCounter:
    """Takes lengths, gives their distribution."""

    def __init__(self) -> None:
        self._lengths = array("I")

    def add(self, length: int) -> None:
        """One more."""
        self._lengths.append(min(length, LONGEST))

    def __len__(self) -> int:
        return len(self._lengths)

    def result(self) -> Lengths:
        """Percentiles are of the lengths that occurred, never between two."""
        lengths = self._sorted()
        if not len(lengths):
            nothing = Histogram(edges=[0, 1 << FIRST_EDGE_BITS], counts=[0])
            return Lengths(total=0, mean=0, median=0, percentile_90=0, percentile_99=0, longest=0, histogram=nothing)
        median, percentile_90, percentile_99 = (int(lengths[(len(lengths) - 1) * percent // 100]) for percent in (50, 90, 99))
        total = int(lengths.sum(dtype=np.int64))
        return Lengths(
            total=total,
            mean=round(total / len(lengths), 1),
            median=median,
            percentile_90=percentile_90,
            percentile_99=percentile_99,
            longest=int(lengths[-1]),
            histogram=_histogram(lengths),
        )

    def cut_at(self, limit: int) -> Cut:
        """How many are longer, and by how much together."""
        lengths = self._sorted()
        longer = lengths[np.searchsorted(lengths, limit, side="right") :]
        return Cut(max_sequence_length=limit, rows=len(longer), tokens=int(longer.sum(dtype=np.int64)) - limit * len(longer))

    def _sorted(self) -> npt.NDArray[np.uint32]:
        return np.sort(np.array(self._lengths, dtype=np.uint32))


def _histogram(lengths: npt.NDArray[np.uint32]) -> Histogram:
    """Bins that double: texts are of ten characters and of a hundred thousand in one dataset."""
    last = max(int(lengths[-1]).bit_length(), FIRST_EDGE_BITS)
    edges = [0, *(1 << bits for bits in range(FIRST_EDGE_BITS, last + 1))]
    below = np.searchsorted(lengths, np.array(edges, dtype=np.uint64), side="left")
    return Histogram(edges=edges, counts=[int(count) for count in np.diff(below)])
