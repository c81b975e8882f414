"""Clusters: rows that are near duplicates of one another, directly or through others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sft_trainer.data.near_duplicates.banding import Rows


class DisjointSets:
    """Union-find over rows: which are connected. Each set is known by its least row."""

    def __init__(self, rows: int) -> None:
        self._parent = np.arange(rows, dtype=np.int32)

    def roots(self, rows: Rows) -> Rows:
        """The least row of the set of each row, with the paths to it shortened."""
        found = self._parent[rows]
        while not np.array_equal(above := self._parent[found], found):
            found = above
        self._parent[rows] = found
        return found

    def connect(self, left: int, right: int) -> None:
        """Makes one set of the sets of both."""
        first, second = self._root(left), self._root(right)
        self._parent[max(first, second)] = min(first, second)

    def _root(self, row: int) -> int:
        parent = self._parent
        while (above := int(parent[row])) != row:
            parent[row] = parent[above]
            row = above
        return row


class Clusters:
    """For each row its cluster: the rows connected with it, and the least of their hashes as their name."""

    def __init__(self, first: Rows, rank: Rows) -> None:
        """`first` is for each row the row of its cluster with the least hash, `rank` each row's place in the order of hashes."""
        self._first = first
        sizes = np.bincount(first, minlength=len(first))
        clustered = np.flatnonzero(sizes[first] > 1)
        self._members = clustered[np.lexsort((rank[clustered], first[clustered]))].astype(np.int32)
        self._starts = first[self._members]

    def first(self, row: int) -> int:
        """The row of the cluster whose hash is the least; that hash is the cluster's id."""
        return int(self._first[row])

    def members(self, row: int) -> tuple[int, ...]:
        """All rows of the cluster of this row, itself among them, in the order of their hashes."""
        first = self._first[row]
        start, end = np.searchsorted(self._starts, [first, first + 1])
        return tuple(self._members[start:end].tolist()) or (row,)

    def duplicated(self) -> Iterator[tuple[int, ...]]:
        """The clusters of more than one row."""
        bounds = np.flatnonzero(np.diff(self._starts, prepend=-1, append=-1))
        for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            yield tuple(self._members[start:end].tolist())

    @property
    def first_rows(self) -> npt.NDArray[np.int32]:
        """`first` of every row."""
        return self._first
