"""Rendering: what the model sees, and which of it is learned."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.contract import Reason
from sft_trainer.data.chat_template import compile_template
from sft_trainer.data.render import cut, render
from sft_trainer.data.rows import Content, Message
from sft_trainer.failure import TrainerFailure

CHATML = compile_template(
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}",
    {},
)


def encode(text: str) -> list[int]:
    return [ord(character) for character in text]


def learned_text(messages: Sequence[Message]) -> str:
    [rendered] = render(Content(tuple(messages)), CHATML, encode)
    return "".join(chr(token) for token, learned in zip(rendered.ids, rendered.learned, strict=True) if learned)


def test_the_answer_and_its_end_are_learned_and_nothing_else() -> None:
    assert learned_text([Message("system", "s"), Message("user", "q"), Message("assistant", "answer")]) == "answer<|end|>"


def test_a_turn_that_is_not_to_be_trained_is_seen_and_not_learned() -> None:
    turns = [Message("user", "q"), Message("assistant", "one", train=False), Message("user", "q"), Message("assistant", "two")]
    assert learned_text(turns) == "two<|end|>"


def test_every_assistant_turn_is_learned() -> None:
    turns = [Message("user", "q"), Message("assistant", "one"), Message("user", "q"), Message("assistant", "two")]
    assert learned_text(turns) == "one<|end|>two<|end|>"


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_the_tokens_are_the_rendered_conversation(pairs: list[tuple[str, str]]) -> None:
    turns = [turn for question, answer in pairs for turn in (Message("user", question), Message("assistant", answer))]
    [rendered] = render(Content(tuple(turns)), CHATML, encode)
    assert "".join(map(chr, rendered.ids)) == CHATML(turns, False)
    assert learned_text(turns) == "".join(f"{answer}<|end|>" for _, answer in pairs)


def test_cutting_keeps_tokens_and_mask_together() -> None:
    [rendered] = render(Content((Message("user", "q"), Message("assistant", "answer"))), CHATML, encode)
    first = cut(rendered, 25)
    assert len(first.ids) == len(first.learned) == 25
    assert first.ids == rendered.ids[:25]


FORGETFUL = compile_template(
    "{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' and loop.last %}<think></think>{% endif %}"
    "{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}",
    {},
)


def test_where_a_template_rewrites_earlier_turns_each_answer_is_an_example_as_the_model_will_see_it() -> None:
    turns = [
        Message("user", "q"),
        Message("assistant", "one"),
        Message("user", "r"),
        Message("assistant", "two", train=False),
        Message("user", "s"),
        Message("assistant", "three"),
    ]
    examples = render(Content(tuple(turns)), FORGETFUL, encode)
    texts = ["".join(map(chr, example.ids)) for example in examples]
    assert texts == [
        "<|user|>q<|end|><|assistant|><think></think>one<|end|>",
        "<|user|>q<|end|><|assistant|>one<|end|><|user|>r<|end|><|assistant|>two<|end|><|user|>s<|end|>"
        "<|assistant|><think></think>three<|end|>",
    ]
    learned = ["".join(chr(i) for i, is_learned in zip(e.ids, e.learned, strict=True) if is_learned) for e in examples]
    assert learned == ["<think></think>one<|end|>", "<think></think>three<|end|>"]


def test_a_template_that_opens_answers_otherwise_than_it_renders_them_is_refused() -> None:
    rewriting = compile_template("{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}", {})
    turns = [Message("user", "q"), Message("assistant", "one")]
    with pytest.raises(TrainerFailure) as caught:
        render(Content(tuple(turns)), rewriting, encode)
    assert caught.value.reason is Reason.MODEL_UNSUPPORTED
