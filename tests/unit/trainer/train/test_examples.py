"""Loss is on the assistant's turns, and on nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import decoders

from sft_trainer.data.rows import Content, Message, Origin, Row
from sft_trainer.model.description import ModelDescription
from sft_trainer.train.examples import IGNORED, describe_folder, make_examples
from sft_trainer.train.sampling import end_of_turn
from tests.unit.trainer.model.models import SETTINGS, write_model


@pytest.fixture
def model(tmp_path: Path) -> ModelDescription:
    write_model(tmp_path)
    description = describe_folder(tmp_path)
    description.tokenizer.decoder = decoders.ByteLevel()
    return description


def row(*turns: tuple[str, str]) -> Row:
    return Row(Content(tuple(Message(role, content) for role, content in turns)), Origin("faq", "a.jsonl", 1))


def text_of(model: ModelDescription, ids: list[int]) -> str:
    return str(model.tokenizer.decode(ids, skip_special_tokens=False))


CHAT = row(
    *(("system", "be brief"), ("user", "which pump"), ("assistant", "the red one")),
    *(("user", "which valve"), ("assistant", "the blue one")),
)


def test_what_carries_loss_is_the_answers_with_the_tokens_that_end_them(model: ModelDescription) -> None:
    examples = make_examples([CHAT], model, max_tokens=512)
    learned = [label for label in examples.labels[0] if label != IGNORED]
    assert text_of(model, learned) == "the red one<|end|>the blue one<|end|>"
    assert examples.trained_tokens == len(learned)


def test_a_label_is_its_own_token_or_ignored(model: ModelDescription) -> None:
    examples = make_examples([CHAT], model, max_tokens=512)
    pairs = list(zip(examples.input_ids[0], examples.labels[0], strict=True))
    assert all(label in (token, IGNORED) for token, label in pairs)
    assert text_of(model, examples.input_ids[0]).startswith("<s><|system|>be brief<|end|><|user|>which pump")


def test_a_row_whose_answer_is_cut_off_is_dropped_and_counted(model: ModelDescription) -> None:
    short = row(("user", "why"), ("assistant", "so"))
    whole = make_examples([short], model, max_tokens=512)
    examples = make_examples([row(("user", "why " * 40), ("assistant", "so")), short], model, max_tokens=24)
    assert examples.dropped == 1
    assert examples.input_ids == whole.input_ids


def test_a_row_is_cut_at_the_longest_length_allowed(model: ModelDescription) -> None:
    examples = make_examples([CHAT], model, max_tokens=40)
    assert len(examples.input_ids[0]) == len(examples.labels[0]) == 40


def test_answers_end_where_the_template_ends_a_turn(model: ModelDescription) -> None:
    assert [model.tokenizer.id_to_token(token) for token in end_of_turn(model)] == ["<|end|>"]


def test_what_a_template_writes_after_a_turn_in_plain_text_ends_no_answer(tmp_path: Path) -> None:
    plain = (
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
    )
    write_model(tmp_path, tokenizer_config=SETTINGS | {"chat_template": plain})
    assert end_of_turn(describe_folder(tmp_path)) == []
