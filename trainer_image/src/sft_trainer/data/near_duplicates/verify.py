"""Verification: the true Jaccard similarity of two rows' shingle sets, so that no row is called a duplicate by an estimate.

Most pairs that meet in a bucket are not similar at all, and a pair costs 40 us to verify. So the sketches are asked first, one
byte of each place: a pair is left out when it agrees in so few places that one at the threshold would do so in 1 of 1,000
cases.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sft_trainer.data.near_duplicates.banding import Pairs
from sft_trainer.data.near_duplicates.min_hash import HASHES, Sketches
from sft_trainer.data.near_duplicates.shingles import Hashes, shingle_sets

SketchBytes = npt.NDArray[np.uint8]
"""One line a row, one byte a place: two that differ are taken for equal in 1 of 256 cases, which only lets a pair pass."""

View = Callable[[int], str]
"""The text of a row by its number, or a part of it."""
STANDARD_DEVIATIONS = 3.1  # of a normal distribution, 1 in 1,000 lies further below


def sketch_bytes(sketches: Sketches) -> SketchBytes:
    """What is kept of sketches: 60 bytes a row."""
    return np.ascontiguousarray(sketches.astype(np.uint8).T)


def may_be_similar(pairs: Pairs, sketches: SketchBytes, threshold: float) -> npt.NDArray[np.bool_]:
    """Whether the sketches leave it open that each pair is that similar."""
    deviation = np.sqrt(threshold * (1 - threshold) / HASHES)
    agreeing = np.count_nonzero(sketches[pairs.left] == sketches[pairs.right], axis=1)
    is_near: npt.NDArray[np.bool_] = agreeing >= HASHES * (threshold - STANDARD_DEVIATIONS * deviation)
    return is_near


def jaccard(left: Hashes, right: Hashes) -> float:
    """Shared by all; both are sorted and hold each hash once."""
    merged = np.concatenate((left, right))
    merged.sort(kind="stable")  # which finds the two sorted halves and merges them: 4 to 9 times as fast
    shared = int(np.count_nonzero(merged[1:] == merged[:-1]))
    return shared / (len(merged) - shared)


def are_similar(pairs: Pairs, text_of: View, threshold: float) -> npt.NDArray[np.bool_]:
    """Whether each pair is at least that similar. Each row's text is asked for once."""
    rows, places = np.unique(np.concatenate(pairs), return_inverse=True)
    sets = shingle_sets([text_of(row) for row in rows.tolist()])
    lefts, rights = np.split(places, 2)
    similar = (jaccard(sets[left], sets[right]) >= threshold for left, right in zip(lefts.tolist(), rights.tolist(), strict=True))
    return np.fromiter(similar, np.bool_, len(lefts))
