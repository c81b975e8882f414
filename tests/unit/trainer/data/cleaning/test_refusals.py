"""Answers that refuse, and answers of people who cannot do something."""

from __future__ import annotations

import pytest

from sft_trainer.data.cleaning.refusals import is_refusal

REFUSING = [
    "Sorry, I can't help with that.",
    "I\u2019m sorry, but I can\u2019t assist.",
    "I'm sorry, but I'm not able to do so.",
    "I cannot assist with that request.",
    "As a language model, I cannot have opinions.",
    "I must decline.",
    "Unfortunately, I don't have access to that.",
    "抱歉，我无法回答这个问题。",
    "很遗憾，我不能提供这些信息。",
    "作为AI，我没有个人观点。",
]
ANSWERING = [
    "I'm sorry to hear that; I know you can't sleep.",
    "Sorry I'm late, the train would not start.",
    "Unfortunately, the lid can't be opened by hand; use a tool.",
    "对不起，我昨天不能参加您的会议，因为生病了。",
    "不好意思，让您久等了，菜马上就来。",
]


@pytest.mark.parametrize("answer", REFUSING)
def test_an_answer_refuses(answer: str) -> None:
    assert is_refusal(answer)


@pytest.mark.parametrize("answer", ANSWERING)
def test_who_is_sorry_does_not_refuse_for_that(answer: str) -> None:
    assert not is_refusal(answer)
