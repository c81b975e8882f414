"""Lengths: their distribution, and what a limit would cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.data.features.lengths import LengthCounter

LENGTHS = st.lists(st.integers(0, 100_000), max_size=60)


def counted(lengths: list[int]) -> LengthCounter:
    counter = LengthCounter()
    for length in lengths:
        counter.add(length)
    return counter


@given(LENGTHS)
def test_every_length_is_in_one_bin_of_the_histogram(lengths: list[int]) -> None:
    histogram = counted(lengths).result().histogram
    bins = zip(histogram.edges, histogram.edges[1:], strict=False)
    assert histogram.counts == [sum(low <= length < high for length in lengths) for low, high in bins]
    assert sum(histogram.counts) == len(lengths)


@given(LENGTHS, st.integers(1, 100_000))
def test_a_limit_cuts_what_is_longer_and_loses_what_stands_behind_it(lengths: list[int], limit: int) -> None:
    cut = counted(lengths).cut_at(limit)
    assert cut.rows == sum(length > limit for length in lengths)
    assert cut.tokens == sum(max(length - limit, 0) for length in lengths)


@given(LENGTHS.filter(bool))
def test_percentiles_are_lengths_that_occurred(lengths: list[int]) -> None:
    result = counted(lengths).result()
    assert {result.median, result.percentile_90, result.percentile_99, result.longest} <= set(lengths)
    assert result.median <= result.percentile_90 <= result.percentile_99 <= result.longest == max(lengths)
    assert result.total == sum(lengths)
    assert sum(length <= result.median for length in lengths) * 2 >= len(lengths)


def test_a_length_beyond_four_bytes_counts_as_the_longest() -> None:
    assert counted([1 << 40]).result().longest == (1 << 32) - 1
