"""How varied a sample of the rows is: words of the answers, and what the instructions ask for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from sft_trainer.data.features.dataset_features import Diversity, VerbObject
from sft_trainer.data.features.distinct_words import distinct, words_of
from sft_trainer.data.features.language_mix import CHINESE, language_of
from sft_trainer.data.features.row_sample import SampledRow
from sft_trainer.data.features.verb_objects import METHOD, Pair, verb_object

SHOWN_PAIRS = 20
"""As many as Self-Instruct's figure 2 shows verbs."""


def diversity(rows: Sequence[SampledRow]) -> Diversity:
    """Of a sample."""
    by_language: defaultdict[str, list[str]] = defaultdict(list)
    pairs: Counter[Pair] = Counter()
    for row in rows:
        by_language[language_of(row.answer)].append(row.answer)
        pair = verb_object(row.instruction, language_of(row.instruction))
        if pair:
            pairs[pair] += 1
    by_count = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return Diversity(
        sampled_rows=len(rows),
        distinct={
            language: distinct(words_of(answer, language) for answer in answers)
            for language, answers in sorted(by_language.items())
        },
        verb_objects=[VerbObject(verb=verb, object=thing, rows=count) for (verb, thing), count in by_count[:SHOWN_PAIRS]],
        distinct_verb_objects=len(pairs),
        rows_with_verb_object=pairs.total(),
        method=METHOD + (" Chinese words are rjieba's." if CHINESE in by_language else ""),
    )
