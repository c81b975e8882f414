"""What a text's shingles are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.data.near_duplicates.shingles import BLOCK_CHARACTERS, MAX_CHARACTERS, blocks, shingle_sets, shingles

texts = st.lists(st.text(max_size=30) | st.text(alphabet="ab \u3000", max_size=12), min_size=1, max_size=12)


def runs_of_five(text: str) -> set[str]:
    folded = "".join(c.lower() if len(c.lower()) == 1 else c for c in "".join(text.split()))
    return {folded[start : start + 5] for start in range(max(1, len(folded) - 4))}


@given(texts)
def test_two_texts_share_as_many_shingles_as_runs_of_five_characters(some: list[str]) -> None:
    sets = shingle_sets(some)
    for (left, first), (right, second) in pairwise(zip(some, sets, strict=True)):
        expected = runs_of_five(left) & runs_of_five(right)
        assert len(np.intersect1d(first, second)) == len(expected)
        assert len(first) == len(runs_of_five(left))


@given(texts)
def test_the_shingles_of_a_text_do_not_depend_on_its_neighbours(some: list[str]) -> None:
    together, alone = shingle_sets(some), [shingle_sets([text])[0] for text in some]
    assert all(np.array_equal(one, other) for one, other in zip(together, alone, strict=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("The Cat sat down.", "the cat  sat\ndown.", id="case and layout"),
        pytest.param("使用 Python 编程", "使用python编程", id="spaces between Chinese and English"),
        pytest.param("第一行\u3000第二行", "第一行\r\n第二行", id="ideographic space"),
    ],
)
def test_case_and_white_space_make_no_difference(one: str, other: str) -> None:
    first, second = shingle_sets([one, other])
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("好", "坏", id="one character"),
        pytest.param("Yes", "No", id="short English"),
        pytest.param("", "a", id="nothing"),
        pytest.param("12345", "12346", id="exactly one shingle"),
        pytest.param("\U0001f600\U0001f601", "\U0001f602\U0001f601", id="beyond the basic plane"),
    ],
)
def test_short_texts_that_differ_share_nothing(one: str, other: str) -> None:
    first, second = shingle_sets([one, other])
    assert len(first) == len(second) == 1
    assert first[0] != second[0]


def test_half_a_surrogate_pair_is_hashed_like_any_character() -> None:
    assert len(shingle_sets(["\ud800" * 5])[0]) == 1


def test_blocks_keep_all_texts_in_order_and_stay_small() -> None:
    some = ["x" * length for length in (BLOCK_CHARACTERS - 1, 1, 1, 3 * BLOCK_CHARACTERS, 0, 5)]
    parts = list(blocks(some))
    assert [text for part in parts for text in part] == some
    assert all(len(part) == 1 or sum(map(len, part)) <= BLOCK_CHARACTERS for part in parts)


def test_of_a_huge_text_the_beginning_is_compared() -> None:
    (block,) = blocks(["x" * (MAX_CHARACTERS + 7)])
    assert len(shingles(block).hashes) == MAX_CHARACTERS
