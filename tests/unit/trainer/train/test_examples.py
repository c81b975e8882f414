"""Loss is on the assistant's turns, and on nothing else."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from tokenizers import decoders

from sft_trainer.data.digest import EVAL, TRAIN
from sft_trainer.data.rows import Content, Message, Origin, Row
from sft_trainer.model.description import ModelDescription
from sft_trainer.train.examples import IGNORED, Examples, as_dataset, describe_folder, make_examples
from sft_trainer.train.sampling import end_of_turn
from tests.unit.trainer.model.models import SETTINGS, write_model
from tests.unit.trainer.train.runs import run_config


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


def examples_of(model: ModelDescription, *rows: Row, max_tokens: int = 512) -> Examples:
    return make_examples([(TRAIN, each) for each in rows], model, max_tokens)[TRAIN]


def columns_of(examples: Examples) -> tuple[list[list[int]], list[list[int]]]:
    """Ids and labels."""
    columns = examples.take_columns()
    return columns["input_ids"].to_pylist(), columns["labels"].to_pylist()


CHAT = row(
    *(("system", "be brief"), ("user", "which pump"), ("assistant", "the red one")),
    *(("user", "which valve"), ("assistant", "the blue one")),
)


def test_what_carries_loss_is_the_answers_with_the_tokens_that_end_them(model: ModelDescription) -> None:
    examples = examples_of(model, CHAT)
    _, labels = columns_of(examples)
    learned = [label for label in labels[0] if label != IGNORED]
    assert text_of(model, learned) == "the red one<|end|>the blue one<|end|>"
    assert examples.trained_tokens == len(learned)


def test_a_label_is_its_own_token_or_ignored(model: ModelDescription) -> None:
    ids, labels = columns_of(examples_of(model, CHAT))
    pairs = list(zip(ids[0], labels[0], strict=True))
    assert all(label in (token, IGNORED) for token, label in pairs)
    assert text_of(model, ids[0]).startswith("<s><|system|>be brief<|end|><|user|>which pump")


def test_a_row_whose_answer_is_cut_off_is_dropped_and_counted(model: ModelDescription) -> None:
    short = row(("user", "why"), ("assistant", "so"))
    whole = examples_of(model, short)
    examples = examples_of(model, row(("user", "why " * 40), ("assistant", "so")), short, max_tokens=24)
    assert (len(examples), examples.dropped) == (1, 1)
    assert columns_of(examples) == columns_of(whole)


def test_a_row_is_cut_at_the_longest_length_allowed(model: ModelDescription) -> None:
    ids, labels = columns_of(examples_of(model, CHAT, max_tokens=40))
    assert len(ids[0]) == len(labels[0]) == 40


def test_rows_keep_their_split_and_their_order(model: ModelDescription) -> None:
    rows = [row(("user", f"why {number}"), ("assistant", "so")) for number in range(4)]
    made = make_examples(zip((TRAIN, EVAL, TRAIN, EVAL), rows, strict=True), model, 512)
    assert columns_of(made[TRAIN]) == columns_of(examples_of(model, rows[0], rows[2]))
    assert columns_of(made[EVAL]) == columns_of(examples_of(model, rows[1], rows[3]))


def test_columns_are_the_same_whatever_chunks_they_are_made_of(model: ModelDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(("user", f"why {number}"), ("assistant", "so")) for number in range(20)]
    whole = examples_of(model, *rows)
    monkeypatch.setattr("sft_trainer.train.examples.TOKENS_PER_CHUNK", 30)
    parts = examples_of(model, *rows)
    assert (len(parts), parts.tokens, parts.trained_tokens) == (20, whole.tokens, whole.trained_tokens)
    assert columns_of(parts) == columns_of(whole)


@pytest.mark.parametrize("packing", [False, True])
def test_the_trainers_dataset_holds_every_token_once(model: ModelDescription, packing: bool) -> None:
    examples = examples_of(model, *[row(("user", f"why {number}"), ("assistant", "so")) for number in range(20)])
    settings = run_config("/folder").training.model_copy(update={"packing": packing})
    dataset = as_dataset(examples, settings)
    assert sum(map(len, dataset["input_ids"])) == sum(map(len, dataset["labels"])) == examples.tokens
    assert (len(dataset) < 20) is packing


def test_tokenised_rows_take_a_few_bytes_a_token(model: ModelDescription) -> None:
    """The lists that a row passes through take some sixty."""
    long = row(("user", "why " * 200), ("assistant", "so " * 200))
    tracemalloc.start()
    try:
        examples = make_examples(((TRAIN, long) for _ in range(1500)), model, 1000)[TRAIN]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert examples.tokens > 500_000
    assert held / examples.tokens < 10


def test_answers_end_where_the_template_ends_a_turn(model: ModelDescription) -> None:
    assert [model.tokenizer.id_to_token(token) for token in end_of_turn(model)] == ["<|end|>"]


def test_what_a_template_writes_after_a_turn_in_plain_text_ends_no_answer(tmp_path: Path) -> None:
    plain = (
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
    )
    write_model(tmp_path, tokenizer_config=SETTINGS | {"chat_template": plain})
    assert end_of_turn(describe_folder(tmp_path)) == []
