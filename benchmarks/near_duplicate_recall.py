"""How many of the near duplicates among real rows are found? Against the truth: every pair of 20,000 rows, compared.

`make bench NAME=near_duplicate_recall`. A pair counts as met when it is brought to a comparison, and as found when both rows end
in one cluster, be it through others. The truth takes half a minute: an inverted index from shingles to rows gives for each row
the shingles that it shares with every other one.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.data_engine_rows import conversations, test_data
from benchmarks.report import print_report
from sft_trainer.contract.dedupe import NearDuplicateSettings
from sft_trainer.data.near_duplicates.banding import Pairs, band_keys
from sft_trainer.data.near_duplicates.clusters import Clusters
from sft_trainer.data.near_duplicates.index import NearDuplicateIndex
from sft_trainer.data.near_duplicates.min_hash import sketches
from sft_trainer.data.near_duplicates.shingles import Hashes, shingle_sets
from sft_trainer.data.near_duplicates.verify import may_be_similar, sketch_bytes

ROWS = 20_000
BUCKETS = ((70, 75), (75, 80), (80, 90), (90, 101))
"""Of Jaccard similarity, in percent."""


class SimilarPair(NamedTuple):
    """Two rows that are similar."""

    left: int
    right: int
    jaccard: float


def similar_pairs(sets: Sequence[Hashes], threshold: float) -> Iterator[SimilarPair]:
    """All pairs of rows whose similarity reaches the threshold, and no estimate anywhere."""
    sizes = np.array([len(shingles) for shingles in sets])
    starts = np.concatenate(([0], np.cumsum(sizes)))
    shingle_ids = np.unique(np.concatenate(list(sets)), return_inverse=True)[1]
    by_shingle = np.argsort(shingle_ids, kind="stable")
    rows = np.repeat(np.arange(len(sets)), sizes)[by_shingle]
    first_posting = np.searchsorted(shingle_ids[by_shingle], np.arange(shingle_ids.max() + 2))
    for row in range(len(sets)):
        shared = np.bincount(postings(rows, first_posting, shingle_ids[starts[row] : starts[row + 1]]), minlength=len(sets))
        jaccard = shared / (sizes[row] + sizes - shared)
        for other in np.flatnonzero(jaccard[:row] >= threshold).tolist():
            yield SimilarPair(other, row, float(jaccard[other]))


def postings(rows: npt.NDArray[np.int64], first: npt.NDArray[np.int64], shingles: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The rows that have each of these shingles."""
    counts = first[shingles + 1] - first[shingles]
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    found: npt.NDArray[np.int64] = rows[np.repeat(first[shingles], counts) + nth]
    return found


def clusters_of(texts: Sequence[str], threshold_percent: int) -> Clusters:
    """What the engine finds."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        NearDuplicateIndex(NearDuplicateSettings(threshold_percent=threshold_percent), Path(scratch)) as index,
    ):
        for start in range(0, len(texts), 2_000):
            index.add(texts[start : start + 2_000])
        return index.clusters([texts.__getitem__], [hashlib.sha256(text.encode()).digest() for text in texts])


def meet(texts: Sequence[str], pairs: Pairs, threshold: float) -> npt.NDArray[np.bool_]:
    """Which pairs share a bucket and look alike enough to be compared."""
    columns = sketches(texts)
    keys = band_keys(columns)
    share_bucket: npt.NDArray[np.bool_] = (keys[:, pairs.left] == keys[:, pairs.right]).any(axis=0)
    return share_bucket & may_be_similar(pairs, sketch_bytes(columns), threshold)


def recall_on_real_rows(texts: Sequence[str], threshold_percent: int = 70) -> dict[str, float]:
    """Pairs in each bucket of similarity and the share of them that is found; clustered pairs that are not similar directly."""
    pairs = list(similar_pairs(shingle_sets(texts), threshold_percent / 100))
    first = clusters_of(texts, threshold_percent).first_rows
    jaccard = np.array([pair.jaccard for pair in pairs])
    found = np.array([first[pair.left] == first[pair.right] for pair in pairs])
    sides = Pairs(np.array([pair.left for pair in pairs], np.int32), np.array([pair.right for pair in pairs], np.int32))
    met = meet(texts, sides, threshold_percent / 100)
    figures: dict[str, float] = {"real_rows": len(texts), "similar_pairs": len(pairs)}
    figures |= {"near_recall_real": float(found.mean()), "near_met_real": float(met.mean())}
    for low, high in BUCKETS:
        bucket = (jaccard * 100 >= low) & (jaccard * 100 < high)
        name = f"{low}_{min(high, 100)}"
        figures |= {f"pairs_{name}": int(bucket.sum()), f"recall_{name}": share(found[bucket]), f"met_{name}": share(met[bucket])}
    sizes = np.bincount(first, minlength=len(texts))
    clustered = int((sizes * (sizes - 1) // 2).sum())
    figures["clustered_pairs"] = clustered
    figures["similar_through_others_share"] = 1 - int(found.sum()) / max(1, clustered)
    return figures


def share(claims: npt.NDArray[np.bool_]) -> float:
    """How many of them hold; all, if there are none."""
    return float(claims.mean()) if len(claims) else 1.0


def main() -> None:
    """Prints the recall by bucket."""
    print_report("near_duplicate_recall", recall_on_real_rows(conversations(test_data())[:ROWS]))


if __name__ == "__main__":
    main()
