"""distinct-n: which share of the n-grams of words differ (Li et al. 2016, arXiv 1510.03055)."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable
from itertools import count

import numpy as np
import numpy.typing as npt
import rjieba

from sft_trainer.data.features.dataset_features import Distinct
from sft_trainer.data.features.language_mix import CHINESE

_WORD = re.compile(r"\w+")
MAX_VOCABULARY = 1 << 20
"""Three word numbers fit into 63 bits; ten thousand rows have some 100,000 words."""
_NO_WORD = 0
"""Stands between rows, so that no n-gram reaches over a border."""


def words_of(text: str, language: str) -> list[str]:
    """Words in lower case, without punctuation; Chinese has no spaces and is cut by a dictionary."""
    lowered = text.lower()
    return list(filter(_WORD.match, rjieba.cut(lowered))) if language == CHINESE else _WORD.findall(lowered)


def distinct(rows: Iterable[list[str]]) -> Distinct:
    """Of rows as words."""
    numbers: defaultdict[str, int] = defaultdict(count(1).__next__)
    sequence = array("q", [_NO_WORD])
    row_count = 0
    for words in rows:
        row_count += 1
        sequence.extend(map(numbers.__getitem__, words))  # a million words: no step of Python's for each
        sequence.append(_NO_WORD)
    words_in_order = np.minimum(np.array(sequence), MAX_VOCABULARY)
    word_count = int((words_in_order != _NO_WORD).sum())
    return Distinct(
        rows=row_count,
        words=word_count,
        distinct_1=round(min(len(numbers), MAX_VOCABULARY) / word_count, 4) if word_count else 0.0,
        distinct_2=_share(words_in_order, 2),
        distinct_3=_share(words_in_order, 3),
    )


def _share(words: npt.NDArray[np.int64], length: int) -> float:
    windows = [words[offset : len(words) - length + 1 + offset] for offset in range(length)]
    is_whole = np.all([window != _NO_WORD for window in windows], axis=0)
    grams = np.zeros(int(is_whole.sum()), dtype=np.int64)
    for window in windows:
        grams = grams * (MAX_VOCABULARY + 1) + window[is_whole]
    if not len(grams):
        return 0.0
    grams.sort()  # a tenth of the time that numpy's unique takes, which hashes
    return round((1 + int((grams[1:] != grams[:-1]).sum())) / len(grams), 4)
