"""Verbs and their objects in instructions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.data.features.language_mix import language_of
from sft_trainer.data.features.verb_objects import verb_object


@pytest.mark.parametrize(
    ("instruction", "pair"),
    [
        ("Write a short story about a red pump.", ("write", "story")),
        ("Please give me three tips for staying healthy.", ("give", "tip")),
        ("Generate a list of five books.", ("generate", "list")),
        ("Can you classify the following sentences into two groups?", ("classify", "sentence")),
        ("Create 5 multiplication problems", ("create", "problem")),
        ("Describe how a volcano erupts.", None),
        ("Why is the sky blue?", None),
        ("写一篇关于春天的文章。", ("写", "文章")),
        ("解释光合作用。", ("解释", "光合作用")),
        ("请将以下句子改写。", ("改写", "句子")),
        ("生成一个有趣的故事，关于一只猫。", ("生成", "故事")),
        ("给出三个保持健康的方法。", ("给出", "方法")),
        ("为什么天空是蓝色的？", None),
    ],
)
def test_what_is_asked_for_is_found(instruction: str, pair: tuple[str, str] | None) -> None:
    assert verb_object(instruction, language_of(instruction)) == pair


@given(st.text(st.characters(exclude_categories=["Cs"])))  # half a surrogate pair: such a row was rejected before
def test_any_text_gives_a_pair_or_none(text: str) -> None:
    for language in ("en", "zh"):
        pair = verb_object(text, language)
        assert pair is None or all(pair)
