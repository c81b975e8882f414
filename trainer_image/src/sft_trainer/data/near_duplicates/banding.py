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

from collections.abc import Iterator, Sequence
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
SMALL_BUCKET = 17
"""Up to this many rows, all pairs of a bucket are compared: 136."""
WINDOW = 2
"""In a larger bucket, each row is compared with the next two, so that a million rows which share boilerplate are two million
pairs and not 10^12. Rows that meet in other bands as well stand side by side there, and there are 36 bands: an edited copy is
found."""
TIE_BREAKS = 3
"""Other bands that decide the order in a large bucket: rows that are 60 % alike agree in all three in 1 of 2,000 cases, rows that
are 90 % alike in 1 of 5."""

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


class Buckets(NamedTuple):
    """The rows that share a bucket with another one, bucket by bucket, and what bucket each is in."""

    rows: Rows
    numbers: npt.NDArray[np.int64]
    is_large: npt.NDArray[np.bool_]


def shared_buckets(keys: Keys, tie_breaks: Sequence[Keys]) -> Buckets:
    """In a small bucket rows keep their order; in a large one, those that agree in other bands too become neighbours."""
    # Key and row in one integer: sorting these is stable, and faster than a stable argsort.
    packed = keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    in_order = (packed >> np.uint64(32)).astype(np.uint32)
    shares = np.zeros(len(keys), np.bool_)
    shares[:-1] = in_order[1:] == in_order[:-1]
    shares[1:] |= shares[:-1]
    rows = packed[shares].astype(np.uint32).astype(np.int32)
    _, numbers, sizes = np.unique(in_order[shares], return_inverse=True, return_counts=True)
    is_large = sizes[numbers] > SMALL_BUCKET
    large = rows[is_large]
    sort_keys: list[npt.NDArray[np.generic]] = [*(other[large] for other in reversed(tie_breaks)), numbers[is_large]]
    rows[is_large] = large[np.lexsort(sort_keys)]
    return Buckets(rows, numbers, is_large)


def candidate_pairs(keys: Keys, tie_breaks: Sequence[Keys]) -> Iterator[Pairs]:
    """The pairs of each bucket, neighbours first: once these are found to be alike, most others need no comparison."""
    buckets = shared_buckets(keys, tie_breaks)
    positions = np.arange(len(buckets.rows))
    for distance in range(1, SMALL_BUCKET):
        positions = positions[: np.searchsorted(positions, len(buckets.rows) - distance)]
        positions = positions[buckets.numbers[positions] == buckets.numbers[positions + distance]]
        if distance > WINDOW:
            positions = positions[~buckets.is_large[positions]]
        if not len(positions):
            return
        yield Pairs(buckets.rows[positions], buckets.rows[positions + distance])
