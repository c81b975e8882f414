"""distinct-n: which share of the n-grams of words differ (Li et al. 2016, arXiv 1510.03055)."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
    parts = rjieba.cut(text) if language == CHINESE else _WORD.findall(text)
    return [part.lower() for part in parts if _WORD.match(part)]


def distinct(rows: Iterable[list[str]]) -> Distinct:
    """Of rows as words."""
    numbers: dict[str, int] = {}
    sequence = [_NO_WORD]
    count = 0
    for words in rows:
        count += 1
        sequence += [numbers.setdefault(word, min(len(numbers) + 1, MAX_VOCABULARY)) for word in words]
        sequence.append(_NO_WORD)
    words_in_order = np.array(sequence, dtype=np.int64)
    return Distinct(
        rows=count,
        words=int((words_in_order != _NO_WORD).sum()),
        distinct_1=_share(words_in_order, 1),
        distinct_2=_share(words_in_order, 2),
        distinct_3=_share(words_in_order, 3),
    )


def _share(words: npt.NDArray[np.int64], length: int) -> float:
    windows = [words[offset : len(words) - length + 1 + offset] for offset in range(length)]
    is_whole = np.all([window != _NO_WORD for window in windows], axis=0)
    grams = np.zeros(int(is_whole.sum()), dtype=np.int64)
    for window in windows:
        grams = grams * (MAX_VOCABULARY + 1) + window[is_whole]
    return round(len(np.unique(grams)) / len(grams), 4) if len(grams) else 0.0
