"""Contamination: rows that repeat what a model is going to be evaluated with, which would make its score a lie.

The unit is the n-gram of 13 tokens, as in appendix C of Brown et al., "Language Models are Few-Shot Learners", 2020: lower
case, no punctuation, and texts too short for one are looked for by n-grams of their own length, down to 8 tokens. What they say
of words holds here for words and for single Chinese characters: 13 characters are about 8 words.

There a single shared n-gram is enough, after n-grams common to many documents were set aside. Here the overlap of a row and an
evaluation text is the share of n-grams of the shorter one that both have, and by default it must reach half. Of 16,447 real rows,
most of them Chinese medical ones, 29 % shared an n-gram with 866 others (13 characters are soon a set phrase, such as the one
with which a doctor says good-bye), and 3 % half of them. A question quoted in a long row is found: it is the shorter one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from sft_trainer.contract.dedupe import ContaminationSettings
from sft_trainer.data.near_duplicates.shingles import Hashes, Positions, blocks
from sft_trainer.data.near_duplicates.tokens import Tokens, tokens

MIN_TOKENS = 8  # shorter texts are phrases that rows may well share
GATE_BITS = 22  # 4 MiB, which the cache holds; of a benchmark of 40,000 n-grams, 1 in 100 others passes to the search
MAX_ITEMS_OF_NGRAM = 64  # a phrase that more evaluation texts share says nothing of any of them
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def ngrams(hashes: Hashes, lengths: Collection[int]) -> Iterator[tuple[int, Hashes]]:
    """For each of the lengths in rising order, a hash of the run of that many tokens from each position on."""
    runs = np.zeros(len(hashes), np.uint64)
    for length in range(1, max(lengths, default=0) + 1):
        runs = runs[: max(0, len(hashes) - length + 1)]
        runs *= _MULTIPLIER
        runs += hashes[length - 1 :]
        if length in lengths:
            yield length, runs ^ (runs >> np.uint64(32))


class KnownNgrams:
    """The n-grams of the evaluation texts. Of one that it does not hold, a bit table nearly always says so at once."""

    def __init__(self, hashes: Hashes, items: Positions) -> None:
        """`items` is the evaluation text of each n-gram."""
        order = np.argsort(hashes, kind="stable")
        self._sorted, self._items = hashes[order], items[order]
        self._gate = np.zeros(1 << GATE_BITS, np.bool_)
        self._gate[self._places(self._sorted)] = True

    @staticmethod
    def _places(hashes: Hashes) -> Positions:
        return (hashes & np.uint64((1 << GATE_BITS) - 1)).astype(np.int64)

    def found_in(self, runs: Hashes) -> tuple[Positions, Positions]:
        """Which of the runs are known n-grams, and the number of each as an n-gram."""
        passed = np.flatnonzero(self._gate.take(self._places(runs)))
        wanted = runs[passed]
        number = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        is_known = self._sorted[number] == wanted
        return passed[is_known], number[is_known]

    def items_of(self, numbers: Positions) -> tuple[Positions, Positions]:
        """Every evaluation text that has one of these n-grams: the place in `numbers`, and the text."""
        ends = np.searchsorted(self._sorted, self._sorted[numbers], side="right")
        counts = np.minimum(ends - numbers, MAX_ITEMS_OF_NGRAM)
        places = np.repeat(np.arange(len(numbers)), counts)
        nth = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        return places, self._items[numbers[places] + nth]


class Contamination:
    """Knows the evaluation texts and compares rows with them."""

    def __init__(self, settings: ContaminationSettings, evaluation_texts: Iterable[str]) -> None:
        self._settings = settings
        sizes: list[int] = []
        found: defaultdict[int, list[tuple[int, Hashes]]] = defaultdict(list)
        for block in blocks(evaluation_texts):
            for item_tokens in tokens(block).by_text():
                length = min(len(item_tokens), settings.ngram_tokens)
                if length >= min(MIN_TOKENS, settings.ngram_tokens):
                    distinct = np.unique(next(ngrams(item_tokens, [length]))[1])
                    found[length].append((len(sizes), distinct))
                    sizes.append(len(distinct))
        self._item_ngrams = np.array(sizes, np.int64)
        self._known = {length: known_ngrams(found[length]) for length in sorted(found)}

    def overlaps(self, texts: Sequence[str]) -> list[float]:
        """For each text the greatest share of n-grams, of the shorter of both, that it has in common with an evaluation text."""
        return [overlap for block in blocks(texts) for overlap in self._block_overlaps(tokens(block))]

    def contaminated(self, texts: Sequence[str]) -> list[bool]:
        """Which of the texts overlap as much as the settings say."""
        least = self._settings.min_overlap_percent / 100
        return [overlap > 0 and overlap >= least for overlap in self.overlaps(texts)]

    def _block_overlaps(self, block: Tokens) -> list[float]:
        overlaps = np.zeros(len(block.starts) - 1)
        for length, runs in ngrams(block.hashes, self._known):
            known = self._known[length]
            begins, numbers = known.found_in(runs)
            texts = np.searchsorted(block.starts, begins, side="right") - 1
            is_within_text = begins + length <= block.starts[texts + 1]
            texts, numbers, _ = counted_pairs(texts[is_within_text], numbers[is_within_text])
            places, items = known.items_of(numbers)
            texts, items, shared = counted_pairs(texts[places], items)
            of_shorter = np.minimum(np.diff(block.starts)[texts] - length + 1, self._item_ngrams[items])
            np.maximum.at(overlaps, texts, np.minimum(shared / of_shorter, 1.0))
        return [float(overlap) for overlap in overlaps]


def counted_pairs(left: Positions, right: Positions) -> tuple[Positions, Positions, Positions]:
    """Each different pair once, and how often it occurs."""
    width = int(right.max(initial=0)) + 1
    pairs, counts = np.unique(left * width + right, return_counts=True)
    return pairs // width, pairs % width, counts


def known_ngrams(by_item: Sequence[tuple[int, Hashes]]) -> KnownNgrams:
    """The n-grams of one length of all evaluation texts that have any."""
    items = np.repeat([item for item, _ in by_item], [len(hashes) for _, hashes in by_item])
    return KnownNgrams(np.concatenate([hashes for _, hashes in by_item]), items)
