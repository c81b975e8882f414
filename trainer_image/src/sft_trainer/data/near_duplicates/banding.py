"""Banding: which pairs of rows are worth a comparison, found without comparing all.

Rows whose sketches agree in all five places of a band meet in one bucket, and the rows of a bucket are compared. The 60 places
are cut into 12 bands of five in three ways, so that no two bands share more than one place: 36 bands from 60 hashes find nearly
what they would find from 180. Share of pairs that meet, by Jaccard similarity, from 200,000 random sketches each:

| bands | hashes | 0.1 | 0.3 | 0.5 | 0.6 | 0.7 | 0.75 | 0.8 | 0.9 |
|---|---|---|---|---|---|---|---|---|---|
| **3 x 12 of 5** | 60 | .0004 | .081 | .63 | .901 | .9915 | .9989 | .9999 | 1 |
| 24 of 5 | 120 | .0003 | .057 | .53 | .857 | .9881 | .9985 | .9999 | 1 |
| 20 of 6 | 120 | .0000 | .015 | .27 | .615 | .9188 | .9802 | .9977 | 1 |
| 16 of 8 | 128 | .0000 | .001 | .06 | .237 | .6144 | .8152 | .9468 | .9999 |

Pairs of low similarity that meet cost time and nothing else, because every pair is verified. Of a band only the 4 bytes that
name a row's bucket are kept, in a file: 144 bytes a row on disk and 4 in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sft_trainer.data.near_duplicates.min_hash import HASHES, Sketches

Keys = npt.NDArray[np.uint32]
Rows = npt.NDArray[np.int32]

PLACES_PER_BAND = 5
BANDS_PER_CUT = HASHES // PLACES_PER_BAND
CUTS = 3
BANDS = CUTS * BANDS_PER_CUT
WINDOW = 16
"""Each row of a bucket is compared with the next 16: all pairs of a bucket of 17 rows, and of a bucket of a million that share
boilerplate 16 million pairs, not 10^12."""

_BAND_PLACES = np.array(
    [
        [place * BANDS_PER_CUT + (band + place * cut) % BANDS_PER_CUT for place in range(PLACES_PER_BAND)]
        for cut in range(CUTS)
        for band in range(BANDS_PER_CUT)
    ]
)
_MIXER = np.uint64(0x9E3779B97F4A7C15)


class Pairs(NamedTuple):
    """Pairs of rows, side by side."""

    left: Rows
    right: Rows

    def where(self, condition: npt.NDArray[np.bool_]) -> Pairs:
        """Those of them for which the condition holds."""
        return Pairs(self.left[condition], self.right[condition])


def band_keys(sketches: Sketches) -> Keys:
    """The bucket of each row in each band: one line a band."""
    keys = np.zeros((BANDS, sketches.shape[1]), np.uint64)
    for places in _BAND_PLACES.T:
        keys ^= sketches[places]
        keys *= _MIXER
        keys ^= keys >> np.uint64(29)
    # Of 2 million rows some 500 pairs meet by the chance of 32 bits: nothing beside the pairs that are verified anyway.
    return (keys >> np.uint64(16)).astype(np.uint32)


class BandFiles:
    """The bucket of every row, one file a band."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.files = [(folder / f"band-{band:02}.u32").open("wb") for band in range(BANDS)]

    def append(self, keys: Keys) -> None:
        """Adds the next rows."""
        for file, band in zip(self.files, keys, strict=True):
            file.write(band.tobytes())

    def read(self, band: int) -> Keys:
        """All rows' buckets in one band."""
        self.files[band].flush()
        return np.fromfile(self.files[band].name, np.uint32)


def rows_by_bucket(keys: Keys, tie_break: Keys) -> Rows:
    """Rows that share a bucket with another one, bucket by bucket, in the order in which they are given.

    In a bucket larger than the window, rows that meet in another band as well (`tie_break`) stand side by side: the more alike
    two rows are, the likelier both stand in one window.
    """
    # Key and row in one integer: sorting these is stable, and faster than a stable argsort.
    packed = keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    order = packed.astype(np.uint32).astype(np.int32)
    in_order = (packed >> np.uint64(32)).astype(np.uint32)
    same_as_next = in_order[1:] == in_order[:-1]
    shares = np.zeros(len(keys), np.bool_)
    shares[:-1] = same_as_next
    shares[1:] |= same_as_next
    order, in_order = order[shares], in_order[shares]
    _, bucket, sizes = np.unique(in_order, return_inverse=True, return_counts=True)
    is_large = sizes[bucket] > WINDOW + 1
    large = order[is_large]
    order[is_large] = large[np.lexsort((tie_break[large], bucket[is_large]))]
    return order


def candidate_pairs(keys: Keys, tie_break: Keys) -> Iterator[Pairs]:
    """The pairs of each bucket, neighbours first: once these are found to be alike, most others need no comparison."""
    rows = rows_by_bucket(keys, tie_break)
    bucket = keys[rows]
    positions = np.arange(len(rows))
    for distance in range(1, WINDOW + 1):
        positions = positions[positions + distance < len(rows)]
        positions = positions[bucket[positions] == bucket[positions + distance]]
        if not len(positions):
            return
        yield Pairs(rows[positions], rows[positions + distance])
