"""Which rows repeat evaluation texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.contract.dedupe import ContaminationSettings
from sft_trainer.data.near_duplicates.contamination import Contamination
from sft_trainer.data.near_duplicates.tokens import tokens

ENGLISH = (
    "A train leaves the station at noon and travels at sixty miles an hour; how far has it gone when the clock strikes three?"
)
CHINESE = "小明有十二个苹果，他给了小红五个，又从商店买来八个，请问小明现在一共有多少个苹果？"
SHORT = "Who wrote the novel Moby Dick in 1851?"
ROW = "Please solve this for me. {} Think step by step, and then give the answer in a single short sentence at the very end."

knows = Contamination(ContaminationSettings(), [ENGLISH, CHINESE, SHORT])


@pytest.mark.parametrize(
    ("text", "overlap"),
    [
        pytest.param(ENGLISH, 1.0, id="the same English"),
        pytest.param(CHINESE, 1.0, id="the same Chinese"),
        pytest.param(SHORT, 1.0, id="shorter than an n-gram"),
        pytest.param(ROW.format(ENGLISH), 1.0, id="quoted in a longer row"),
        pytest.param(f"请回答下面的数学题，并写出过程。{CHINESE}谢谢你！", 1.0, id="quoted in a longer Chinese row"),
        pytest.param(ENGLISH.upper().replace(";", " --").replace(" ", "\n"), 1.0, id="other case, punctuation and layout"),
        pytest.param(CHINESE.replace("，", ",").replace("？", "?"), 1.0, id="other punctuation between Chinese"),
        pytest.param(" ".join(ENGLISH.split()[:14]), 1.0, id="two n-grams of it and nothing else"),
        pytest.param(" ".join(ENGLISH.split()[:12]), 0.0, id="less than an n-gram"),
        pytest.param("A train is a row of wagons.", 0.0, id="something else"),
        pytest.param("", 0.0, id="nothing"),
        pytest.param("!?。", 0.0, id="no token"),
    ],
)
def test_the_overlap_is_the_share_of_n_grams_of_the_shorter(text: str, overlap: float) -> None:
    assert knows.overlaps([text]) == [overlap]


def test_a_phrase_that_both_use_is_no_contamination() -> None:
    phrase = "希望我的解释对你有所帮助祝您健康"
    evaluation = Contamination(ContaminationSettings(), [f"高血压患者平时可以吃党参吗，饮食上还需要注意哪些问题呢？{phrase}"])
    row = f"糖尿病人应当控制碳水化合物的摄入，并且坚持每天散步半个小时以上。{phrase}"
    assert 0 < evaluation.overlaps([row])[0] < 0.5
    assert evaluation.contaminated([row]) == [False]


def test_at_zero_percent_a_single_n_gram_is_enough() -> None:
    strict = Contamination(ContaminationSettings(min_overlap_percent=0), [ENGLISH])
    quoting = ROW.format(" ".join(ENGLISH.split()[:13]))
    assert strict.contaminated([quoting, ROW]) == [True, False]
    assert knows.contaminated([quoting]) == [False]


def test_an_n_gram_that_runs_from_one_row_into_the_next_is_none() -> None:
    words = ENGLISH.split()
    assert knows.overlaps([" ".join(words[:10]), " ".join(words[10:20])]) == [0.0, 0.0]


def test_without_evaluation_texts_nothing_is_contaminated() -> None:
    assert Contamination(ContaminationSettings(), []).contaminated([ENGLISH]) == [False]


@given(st.lists(st.text(max_size=200), max_size=8), st.lists(st.sampled_from([ENGLISH, CHINESE, SHORT, "x"]), max_size=8))
def test_the_overlap_of_a_row_does_not_depend_on_its_neighbours(some: list[str], others: list[str]) -> None:
    rows = [text for pair in zip(some, others, strict=False) for text in pair]
    assert knows.overlaps(rows) == [knows.overlaps([row])[0] for row in rows]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("Hello, big WORLD!", 3, id="words"),
        pytest.param("你好，世界", 4, id="Chinese characters"),
        pytest.param("用Python写3个程序", 7, id="both"),
        pytest.param("ひらがな", 4, id="kana"),
        pytest.param("안녕 하세요", 2, id="Korean has spaces"),
        pytest.param("snake_case", 2, id="an underscore separates"),
        pytest.param("x" * 1000, 1, id="one long word"),
    ],
)
def test_words_and_characters_of_unspaced_scripts_are_tokens(text: str, count: int) -> None:
    assert len(tokens([text]).hashes) == count


def test_long_words_that_differ_early_differ() -> None:
    first, second = tokens(["a" + "x" * 100, "b" + "x" * 100]).hashes
    assert first != second
