"""Tokens as n-gram comparisons count them: a word is one, and so is each character of a script without spaces.

Lower case; white space, punctuation and symbols separate tokens and are none. All texts of a block are cut and hashed at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sft_trainer.data.near_duplicates.shingles import Codes, Hashes, Positions

# Kana; Han with its extensions and compatibility forms. Of what Unicode calls letters, these are written without spaces.
_UNSPACED = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
_MULTIPLIER = 0x9E3779B97F4A7C15
_MIXER = np.uint64(0xC2B2AE3D27D4EB4F)
MAX_WORD_CHARACTERS = 64  # further characters of a "word", which then is a line of base64, repeat the last weight


class Tokens(NamedTuple):
    """The token hashes of some texts, one after the other."""

    hashes: Hashes
    starts: Positions
    """Where each text's tokens begin; one more entry says where the last text's end."""

    def by_text(self) -> Iterator[Hashes]:
        """The tokens of each text."""
        return (self.hashes[start:end] for start, end in pairwise(self.starts.tolist()))


@cache
def word_characters() -> Codes:
    """For each code point the lower-case one when it is part of a word, else 0."""
    table = np.zeros(0x110000, np.uint32)
    for code_point in range(0x323B0):
        if (character := chr(code_point)).isalnum():
            lower = character.lower()
            table[code_point] = ord(lower) if len(lower) == 1 else code_point
    return table


@cache
def is_unspaced() -> npt.NDArray[np.bool_]:
    """For each code point whether it is a token of its own."""
    table = np.zeros(0x110000, np.bool_)
    for first, last in _UNSPACED:
        table[first : last + 1] = True
    return table


@cache
def _weights() -> Hashes:
    """A weight for each place in a word: powers of the multiplier."""
    return np.array([pow(_MULTIPLIER, place, 2**64) for place in range(MAX_WORD_CHARACTERS)], np.uint64)


def tokens(texts: Sequence[str]) -> Tokens:
    """The tokens of a block of texts."""
    # A space after each text keeps the last word of one apart from the first of the next.
    text_starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    data = "".join(f"{text} " for text in texts).encode("utf-32-le", "surrogatepass")
    raw = np.frombuffer(data, np.int32)
    codes = word_characters().take(raw, mode="clip")
    stands_alone = is_unspaced().take(raw, mode="clip")
    is_first = codes != 0
    is_first[1:] &= (codes[:-1] == 0) | stands_alone[1:] | stands_alone[:-1]
    firsts = np.flatnonzero(is_first)
    if not len(firsts):
        return Tokens(np.empty(0, np.uint64), np.zeros(len(texts) + 1, np.int64))
    return Tokens(_hashes(codes, firsts), np.searchsorted(firsts, text_starts))


def _hashes(codes: Codes, firsts: Positions) -> Hashes:
    """Of each token, the sum of its characters times the weights of their places; separators are 0 and add nothing."""
    lengths = np.diff(firsts, append=len(codes))
    places = np.arange(firsts[0], len(codes)) - np.repeat(firsts, lengths)
    weighted = codes[firsts[0] :] * _weights().take(places, mode="clip")
    hashes: Hashes = np.add.reduceat(weighted, firsts - firsts[0])
    hashes ^= hashes >> np.uint64(32)
    hashes *= _MIXER
    hashes ^= hashes >> np.uint64(29)
    return hashes
