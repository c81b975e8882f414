"""What the benchmark plants is what it says: real by its form, its check digits and its look."""

from __future__ import annotations

import random

import pytest

from benchmarks.planted_defects import CHINESE, DEFECTS, ENGLISH, PERSONAL_DATA, SECRETS, Text, bank_card, identity_card
from sft_trainer.contract import CleanSettings
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.rows import Content, Message

TEXTS = (
    Text("水泵漏水怎么办？请说明原因。", "先关闭进水阀，再检查密封圈。若密封圈老化，应更换同型号的。", CHINESE),
    Text(
        "Why does the pump leak?", "The gasket's worn out. Close the valve, then replace the gasket by one of its size.", ENGLISH
    ),
)


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - test data, which must be the same again


def cleaned(answer: str) -> str:
    content = Content((Message("user", "q"), Message("assistant", answer)))
    return Cleaner(CleanSettings()).clean(content).content.messages[-1].content


@pytest.mark.parametrize("kind", DEFECTS)
@pytest.mark.parametrize("text", TEXTS, ids=[CHINESE, ENGLISH])
def test_the_trace_of_a_defect_stands_in_the_answer_and_not_in_the_sound_one(kind: str, text: Text) -> None:
    for seed in range(50):
        planted = DEFECTS[kind].plant(text, chance(seed))
        if planted.trace is None:
            assert DEFECTS[kind].reasons, "without a reason and a trace nobody could find it"
        else:
            assert planted.trace in planted.answer
            assert planted.trace not in text.answer


@pytest.mark.parametrize("kind", PERSONAL_DATA)
@pytest.mark.parametrize("text", TEXTS, ids=[CHINESE, ENGLISH])
def test_no_planted_personal_data_is_excused_as_made_up(kind: str, text: Text) -> None:
    for seed in range(300):
        planted = PERSONAL_DATA[kind](text, chance(seed))
        assert planted.trace is not None
        assert planted.trace not in cleaned(planted.answer)


@pytest.mark.parametrize("form", SECRETS)
def test_no_planted_secret_is_excused_as_an_example(form: str) -> None:
    for seed in range(100):
        secret = SECRETS[form](chance(seed))
        assert not any(line in cleaned(f"The key is {secret}") for line in secret.split("\n"))


def test_check_digits_are_those_of_the_standards() -> None:
    for seed in range(100):
        card, person = bank_card(chance(seed)), identity_card(chance(seed))
        pairs = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(card))]
        assert sum(value - 9 if value > 9 else value for value in pairs) % 10 == 0
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        assert person[-1] == "10X98765432"[sum(int(digit) * weight for digit, weight in zip(person, weights, strict=False)) % 11]
