"""The index of near duplicates: rows go in in any order, and clusters come out that depend on the set of rows alone.

Two rows belong together when a band brings them into one bucket and the Jaccard similarity of their shingle sets reaches the
threshold. Everything that could depend on an order is done in the order of row hashes: the rows of a bucket, the windows of a
large one, and which rows are left when a row's comparisons are used up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from sft_trainer.contract.dedupe import NearDuplicateSettings
from sft_trainer.data.near_duplicates.banding import BANDS, TIE_BREAKS, BandFiles, Pairs, Rows, band_keys, candidate_pairs
from sft_trainer.data.near_duplicates.clusters import Clusters, DisjointSets
from sft_trainer.data.near_duplicates.min_hash import HASHES, sketches
from sft_trainer.data.near_duplicates.verify import SketchBytes, View, are_similar, may_be_similar, sketch_bytes

PAIRS_AT_ONCE = 2_048  # at most 4,096 rows' texts and shingle sets are held: 16 MB of ordinary rows
MAX_FAILED_COMPARISONS = 64
"""After so many rows that looked alike and were not, a row is compared no more: the neighbours in 16 large buckets. It bounds the
work for rows that share boilerplate; a row that has so many neighbours and a true duplicate most likely met it before."""


class NearDuplicateIndex:
    """Collects rows, then says which are near duplicates. Of each row 204 bytes lie in the scratch folder until it is closed."""

    def __init__(self, settings: NearDuplicateSettings, scratch: Path) -> None:
        self._threshold = settings.threshold_percent / 100
        self._bands = BandFiles(scratch)
        self._sketches = (scratch / "sketches.u8").open("wb")
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, texts: Sequence[str]) -> None:
        """What the next rows say; some 2,000 at a time is best. Rows are numbered from 0 in the order of their coming."""
        if texts:
            columns = sketches(texts)
            self._bands.append(band_keys(columns))
            self._sketches.write(sketch_bytes(columns).tobytes())
            self._rows += len(texts)

    def clusters(self, views: Sequence[View], row_hashes: Sequence[bytes]) -> Clusters:
        """The clusters of all rows added, once.

        `views` give a row's text again, and parts of it that must be as similar; hashes are all of one multiple of 8 bytes.
        """
        if len(row_hashes) != self._rows:
            raise ValueError(f"{self._rows} rows were added, and {len(row_hashes)} hashes given")
        by_hash = rows_by_hash(row_hashes)
        search = ClusterSearch(by_hash, self._read_sketches(), self._threshold)
        recent = deque((self._bands.read(band)[by_hash] for band in range(BANDS - TIE_BREAKS, BANDS)), maxlen=TIE_BREAKS)
        for band in range(BANDS):
            keys = self._bands.read(band)[by_hash]
            for pairs in candidate_pairs(keys, recent):
                search.compare(pairs, views)
            recent.append(keys)
        return search.clusters()

    def _read_sketches(self) -> SketchBytes:
        self._sketches.flush()
        return np.fromfile(self._sketches.name, np.uint8).reshape(self._rows, HASHES)

    def close(self) -> None:
        """Removes what lies in the scratch folder."""
        for file in (self._sketches, *self._bands.files):
            file.close()
            Path(file.name).unlink(missing_ok=True)


def rows_by_hash(row_hashes: Sequence[bytes]) -> Rows:
    """The rows in the order of their hashes."""
    if not row_hashes:
        return np.empty(0, np.int32)
    words = np.frombuffer(b"".join(row_hashes), ">u8").reshape(len(row_hashes), -1)
    return np.lexsort(words.T[::-1]).astype(np.int32)


class ClusterSearch:
    """Compares pairs of rows and connects those that are similar. Rows are known here by their rank in the order of hashes."""

    def __init__(self, by_hash: Rows, sketches: SketchBytes, threshold: float) -> None:
        self._by_hash = by_hash
        self._sketches = sketches
        self._threshold = threshold
        self._sets = DisjointSets(len(by_hash))
        self._failed_comparisons = np.zeros(len(by_hash), np.uint16)

    def compare(self, pairs: Pairs, views: Sequence[View]) -> None:
        """Compares all pairs that are worth it, some at a time, because each may connect others."""
        pairs = self._looking_alike(pairs)
        for start in range(0, len(pairs.left), PAIRS_AT_ONCE):
            some = slice(start, start + PAIRS_AT_ONCE)
            self._compare_some(self._worth_comparing(Pairs(pairs.left[some], pairs.right[some])), views)

    def _looking_alike(self, pairs: Pairs) -> Pairs:
        rows = Pairs(self._by_hash[pairs.left], self._by_hash[pairs.right])
        return pairs.where(may_be_similar(rows, self._sketches, self._threshold))

    def _worth_comparing(self, pairs: Pairs) -> Pairs:
        is_connected = self._sets.roots(pairs.left) == self._sets.roots(pairs.right)
        failures = np.maximum(self._failed_comparisons[pairs.left], self._failed_comparisons[pairs.right])
        return pairs.where(~is_connected & (failures < MAX_FAILED_COMPARISONS))

    def _compare_some(self, pairs: Pairs, views: Sequence[View]) -> None:
        if not len(pairs.left):
            return
        rows = Pairs(self._by_hash[pairs.left], self._by_hash[pairs.right])
        similar = np.ones(len(rows.left), np.bool_)
        for text_of in views:
            similar[similar] = are_similar(rows.where(similar), text_of, self._threshold)
        for left, right in zip(pairs.left[similar].tolist(), pairs.right[similar].tolist(), strict=True):
            self._sets.connect(left, right)
        for side in pairs.where(~similar):
            np.add.at(self._failed_comparisons, side, np.uint16(1))

    def clusters(self) -> Clusters:
        """What was found, with the rows' own numbers."""
        rows = len(self._by_hash)
        rank = np.empty(rows, np.int32)
        rank[self._by_hash] = np.arange(rows, dtype=np.int32)
        least_rank = self._sets.roots(np.arange(rows, dtype=np.int32))
        return Clusters(self._by_hash[least_rank[rank]], rank)
