"""MinHash: a sketch of a set in which two sets agree at a place as often as their Jaccard similarity says.

Broder, "On the resemblance and containment of documents", 1997. A sketch has `HASHES` places; the value at one is the least of
all shingle hashes under a permutation, here the multiplication by an odd number modulo 2^32. numpy does it in 6 us a row of 480
characters; a compiled library that was tried saved a third of that, and gave it back in turning its result into an array.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sft_trainer.data.near_duplicates.shingles import blocks, shingles

Sketches = npt.NDArray[np.uint32]

HASHES = 60
"""How many suffice for the bands made of them: see `banding`."""
_MULTIPLIERS = np.frombuffer(hashlib.shake_256(b"sft-trainer near duplicates").digest(4 * HASHES), "<u4") | np.uint32(1)


def sketches(texts: Sequence[str]) -> Sketches:
    """One column a text, one row a hash function."""
    columns = np.empty((HASHES, len(texts)), np.uint32)
    done = 0
    for block in blocks(texts):
        hashes, starts = shingles(block)
        high_bits = (hashes >> np.uint64(32)).astype(np.uint32)
        permuted = np.empty_like(high_bits)
        for place, multiplier in enumerate(_MULTIPLIERS):
            np.multiply(high_bits, multiplier, out=permuted)
            np.minimum.reduceat(permuted, starts, out=columns[place, done : done + len(block)])
        done += len(block)
    return columns
