"""All figures of a dataset together."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sft_trainer.contract.features import FeatureSettings
from sft_trainer.data.chat_template import compile_template
from sft_trainer.data.features.dataset_features import DatasetFeatures
from sft_trainer.data.features.fast_bpe import fast_bpe
from sft_trainer.data.features.features import Features
from sft_trainer.data.features.token_lengths import ExactCounter, TokenLengths
from sft_trainer.data.render import render
from sft_trainer.data.rows import Content, Message, ToolCall
from tests.unit.trainer.data.contents import CONTENTS
from tests.unit.trainer.model.models import small_tokenizer

TEMPLATE = compile_template(
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}",
    {},
)


ROWS = CONTENTS.map(lambda content: content._replace(tools=None if content.tools is None else "[]"))


def encode(text: str) -> list[int]:
    return [ord(letter) for letter in text]


def measured(contents: list[Content], settings: FeatureSettings | None = None) -> DatasetFeatures:
    features = Features(settings or FeatureSettings(), ExactCounter(encode), TEMPLATE)
    for content in contents:
        features.add(content, "train", "general")
    return features.result()


@settings(max_examples=30, deadline=None)
@given(st.lists(ROWS, max_size=4), st.integers())
def test_the_order_of_rows_changes_no_figure(contents: list[Content], seed: int) -> None:
    shuffled = random.Random(seed).sample(contents, len(contents))  # noqa: S311 - no secret
    assert measured(contents) == measured(shuffled)


@settings(max_examples=30, deadline=None)
@given(st.lists(ROWS, max_size=4))
def test_tokens_are_those_that_training_will_see(contents: list[Content]) -> None:
    examples = [example for content in contents for example in render(content, TEMPLATE, encode)]
    tokens = measured(contents, FeatureSettings(sequence_lengths=(16, 40))).tokens
    assert tokens is not None
    assert tokens.examples == len(examples)
    assert tokens.tokens == sum(len(example.ids) for example in examples)
    assert tokens.trained_tokens == sum(sum(example.learned) for example in examples)
    assert [cut.rows for cut in tokens.cuts] == [sum(len(example.ids) > limit for example in examples) for limit in (16, 40)]


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, max_size=4))
def test_tokens_are_the_same_where_a_text_may_be_counted_in_parts(contents: list[Content]) -> None:
    counter = fast_bpe(small_tokenizer(), [])
    assert counter is not None
    in_parts, whole = TokenLengths(counter, TEMPLATE), TokenLengths(ExactCounter(counter.encode), TEMPLATE)
    for content in contents:
        in_parts.add(content)
        whole.add(content)
    assert in_parts.result([16]) == whole.result([16])


@settings(max_examples=30, deadline=None)
@given(st.lists(ROWS, max_size=4))
def test_every_row_has_a_split_a_language_and_a_domain(contents: list[Content]) -> None:
    result = measured(contents)
    assert sum(result.rows.values()) == sum(result.languages.values()) == sum(result.domains.values()) == len(contents)
    assert DatasetFeatures.model_validate_json(result.to_json()) == result


def test_shapes_of_rows_are_counted() -> None:
    asked, answer = Message("user", "q"), Message("assistant", "a")
    result = measured(
        [
            Content((Message("system", "s"), asked, answer)),
            Content((asked, answer, asked, answer)),
            Content((asked, Message("assistant", "", tool_calls=(ToolCall("f", "{}"),)))),
            Content((asked, Message("assistant", "a", reasoning_content="why"))),
        ]
    )
    assert result.shapes == {"oneAnswer": 3, "severalAnswers": 1, "systemPrompt": 1, "toolCalls": 1, "reasoning": 1}


def test_without_a_model_no_tokens_are_counted() -> None:
    features = Features(FeatureSettings(sampled_rows=0))
    features.add(Content((Message("user", "q"), Message("assistant", "a"))), "train", "general")
    assert features.result().tokens is None
    assert features.result().diversity.sampled_rows == 0


@pytest.mark.parametrize("settings", [{"sampledRows": -1}, {"sampledRows": 10**9}, {"sequenceLengths": []}, {"unknown": 1}])
def test_settings_are_bounded(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FeatureSettings.model_validate(settings)
