"""The sample, and the n-grams of its words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.data.features.distinct_words import distinct, words_of
from sft_trainer.data.features.diversity import diversity
from sft_trainer.data.features.row_sample import RowSample, SampledRow

ROWS = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=30)


@given(ROWS, st.randoms(use_true_random=False), st.integers(0, 40))
def test_the_sample_is_the_same_in_whatever_order_rows_come(rows: list[tuple[str, str]], random: object, size: int) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random, which hypothesis wraps
    samples = []
    for order in (rows, shuffled):
        sample = RowSample(size)
        for row in order:
            sample.add(*row)
        samples.append(sample.rows())
    assert samples[0] == samples[1]
    assert len(samples[0]) == min(size, len(rows))


WORDS = st.lists(st.lists(st.sampled_from("a b c d".split()), max_size=6), max_size=6)  # noqa: SIM905


@given(WORDS)
def test_distinct_n_is_the_share_of_different_n_grams_within_rows(rows: list[list[str]]) -> None:
    figures = distinct(rows)
    words = [word for row in rows for word in row]
    pairs = [pair for row in rows for pair in pairwise(row)]
    triples = [triple for row in rows for triple in zip(row, row[1:], row[2:], strict=False)]
    for found, grams in ((figures.distinct_1, words), (figures.distinct_2, pairs), (figures.distinct_3, triples)):
        assert found == (round(len(set(grams)) / len(grams), 4) if grams else 0)
    assert figures.words == sum(map(len, rows))
    assert figures.rows == len(rows)


def test_a_sample_that_says_one_thing_is_less_varied_than_one_that_says_many() -> None:
    same = diversity([SampledRow("Write a poem.", "roses are red and violets are blue")] * 20)
    varied = diversity([SampledRow(f"Write a poem{c}.", f"the a{c} of b{c} is c{c} with d{c}") for c in "abcdefghijklmnopqrst"])
    assert same.distinct["en"].distinct_2 < varied.distinct["en"].distinct_2 == 1
    assert same.distinct_verb_objects == 1
    assert varied.distinct_verb_objects == 20


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("The Pump, it's red!", "en", ["the", "pump", "it", "s", "red"]),
        ("光合作用，需要阳光。", "zh", ["光合作用", "需要", "阳光"]),
        ("Python 的用法：PRINT。", "zh", ["python", "的", "用法", "print"]),
    ],
    ids=["English", "Chinese", "Chinese with English"],
)
def test_words_are_without_punctuation(text: str, language: str, words: list[str]) -> None:
    assert words_of(text, language) == words
