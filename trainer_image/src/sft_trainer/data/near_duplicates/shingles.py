"""Shingles: the runs of five characters a text is made of, as 64-bit hashes.

Characters, because Chinese has no spaces between its words and word splitters disagree: five characters are two or three Chinese
words, or one English. Case and white space are left out of it, so that a row laid out anew remains the same row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

WIDTH = 5
PADDING = "\uffff"  # no character of any text: Unicode keeps it free
MAX_CHARACTERS = 200_000
"""Of longer texts the beginning is compared: 2 MB of hashes, and more than any model is trained on in one row."""
BLOCK_CHARACTERS = 32_768  # 256 KiB of hashes stay in the processor's second-level cache; larger blocks take four times as long
DROPPED = 0x1FFFFF  # stands for white space; Unicode ends below it
CASED_CODE_POINTS = 0x20000  # above lie Han characters and symbols, which have no case
_MULTIPLIERS = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xC2B2AE3D27D4EB4F),
)  # odd and without pattern: 2^64 / golden ratio; xxHash


class Shingles(NamedTuple):
    """The shingle hashes of some texts, one after the other."""

    hashes: Hashes
    starts: Positions
    """Where each text's hashes begin; the next text's follow. The last ones of a text may be repeated."""


@cache
def folded_code_points() -> Codes:
    """For each code point its lower-case one, or that it is dropped."""
    folded = np.arange(0x110000, dtype=np.uint32)
    for code_point in range(CASED_CODE_POINTS):
        lower = chr(code_point).lower()
        if lower.isspace():
            folded[code_point] = DROPPED
        elif len(lower) == 1:
            folded[code_point] = ord(lower)
    return folded


def folded(texts: Sequence[str]) -> tuple[Codes, Positions]:
    """The code points of all texts, lower case and without white space, and how many each text has."""
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    # Half a surrogate pair is hashed as what it is: refusing it is not the business of a comparison.
    data = "".join(texts).encode("utf-32-le", "surrogatepass")
    codes = folded_code_points().take(np.frombuffer(data, np.int32), mode="clip")
    is_dropped = codes == DROPPED
    dropped_before = np.searchsorted(np.flatnonzero(is_dropped), starts)
    return codes[~is_dropped], np.diff(starts - dropped_before)


def hashes_of_windows(codes: Codes) -> Hashes:
    """A hash of the five code points from each position on. Three of 21 bits fill one integer and two another: nothing is
    lost."""
    wide = codes.astype(np.uint64)
    pairs = wide[:-1] << np.uint64(21)
    pairs |= wide[1:]
    hashes = wide[:-4] << np.uint64(42)
    hashes |= pairs[1:-2]
    hashes *= _MULTIPLIERS[0]
    hashes ^= pairs[3:] * _MULTIPLIERS[1]
    hashes ^= hashes >> np.uint64(29)
    hashes *= _MULTIPLIERS[1]
    hashes ^= hashes >> np.uint64(32)
    return hashes


def shingles(texts: Sequence[str]) -> Shingles:
    """The shingles of a block of texts; one shorter than a shingle is a single one, or all short texts would look alike."""
    codes, lengths = folded(texts)
    if lengths.size and lengths.min() < WIDTH:
        padded = ["".join(text.split()).ljust(WIDTH, PADDING) for text in texts]
        codes, lengths = folded(padded)
    ends = np.cumsum(lengths)
    hashes = np.empty(len(codes), np.uint64)
    hashes[: 1 - WIDTH] = hashes_of_windows(codes)
    # The last four windows of a text reach into the next one: its last own hash stands in their place, which changes no set.
    last = hashes[ends - WIDTH]
    for distance in range(1, WIDTH):
        hashes[ends - distance] = last
    return Shingles(hashes, ends - lengths)


def blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in groups of few characters, each cut to `MAX_CHARACTERS`."""
    block: list[str] = []
    characters = 0
    for text in texts:
        if block and characters + len(text) > BLOCK_CHARACTERS:
            yield block
            block, characters = [], 0
        block.append(text[:MAX_CHARACTERS])
        characters += len(text)
    if block:
        yield block


def shingle_sets(texts: Sequence[str]) -> list[Hashes]:
    """The set of shingles of each text, sorted."""
    sets: list[Hashes] = []
    for block in blocks(texts):
        hashes, starts = shingles(block)
        bounds = [*starts.tolist(), len(hashes)]
        sets.extend(sorted_set(hashes[start:end]) for start, end in pairwise(bounds))
    return sets


def sorted_set(hashes: Hashes) -> Hashes:
    """Each hash once, in order. numpy's `unique` takes three times as long for so few."""
    hashes.sort()
    is_last = np.empty(len(hashes), np.bool_)
    is_last[-1] = True
    np.not_equal(hashes[1:], hashes[:-1], out=is_last[:-1])
    return hashes[is_last]
