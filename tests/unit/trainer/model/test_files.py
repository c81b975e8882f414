"""What counts as a model in a store, and what is said of everything else."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from sft_trainer.contract import Reason, StorePrefix, WeightFormat
from sft_trainer.failure import TrainerFailure
from sft_trainer.model.files import ModelFiles, find_model


def find(folder: Path, key: str = "base/") -> ModelFiles:
    return find_model(StorePrefix(uri=f"file://{folder}/{key}"))


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / "base" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


WHOLE = ("config.json", "tokenizer.json", "model.safetensors")


def test_weights_and_what_a_tokenizer_needs_are_fetched_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path, *WHOLE, "tokenizer_config.json", "pytorch_model.bin", "modeling_evil.py", "README.md", "onnx/model.safetensors")
    put(tmp_path, "consolidated.safetensors", "training_args.bin", "model.safetensors.index.json")
    found = find(tmp_path)
    assert found.weight_format is WeightFormat.SAFETENSORS
    assert sorted(file.key for file in found.files) == [
        *("config.json", "model.safetensors", "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json")
    ]


def test_all_parts_of_weights_are_fetched(tmp_path: Path) -> None:
    shards = [f"model-{number:05d}-of-00003.safetensors" for number in (1, 2, 3)]
    put(tmp_path, "config.json", "tokenizer.json", "model.safetensors.index.json", *shards)
    assert {file.key for file in find(tmp_path).files} >= set(shards)


@pytest.mark.parametrize("key", ["base/", "base/model.Q4.gguf"])
def test_one_gguf_file_is_a_model_by_itself(tmp_path: Path, key: str) -> None:
    put(tmp_path, "model.Q4.gguf", "README.md")
    found = find(tmp_path, key)
    assert found.weight_format is WeightFormat.GGUF
    assert [file.key for file in found.files] == ["model.Q4.gguf"]


def test_of_several_gguf_files_one_can_be_named(tmp_path: Path) -> None:
    put(tmp_path, "a.gguf", "b.gguf")
    assert [file.key for file in find(tmp_path, "base/b.gguf").files] == ["b.gguf"]


@pytest.mark.parametrize(
    ("names", "key", "reason", "told"),
    [
        ([], "base/", Reason.MODEL_NOT_FOUND, "no model was found at .*base/; nothing is in"),
        (["../other/config.json"], "base/", Reason.MODEL_NOT_FOUND, "nothing is in"),
        (["b.gguf"], "base/a.gguf", Reason.MODEL_NOT_FOUND, r"there is b\.gguf"),
        (WHOLE, "base", Reason.MODEL_NOT_FOUND, "is a folder; a folder is named with a slash"),
        (WHOLE, "base/model.safetensors", Reason.MODEL_NOT_FOUND, r"there is config\.json"),
        (
            ["config.json", "tokenizer.json"],
            "base/",
            Reason.MODEL_WITHOUT_WEIGHTS,
            r"no weights, only config\.json, tokenizer\.json",
        ),
        (["config.json", "pytorch_model.bin"], "base/", Reason.MODEL_WITHOUT_WEIGHTS, r"only as pickle \(pytorch_model\.bin\)"),
        (["weights.pt"], "base/", Reason.MODEL_WITHOUT_WEIGHTS, r"only as pickle \(weights\.pt\)"),
        (["a.gguf", "b.gguf"], "base/", Reason.MODEL_WITHOUT_WEIGHTS, r"2 \.gguf files \(a\.gguf, b\.gguf\)"),
        (["adapter_config.json", "adapter_model.safetensors"], "base/", Reason.MODEL_WITHOUT_WEIGHTS, "an adapter and no base"),
        (
            ["model-00001-of-00002.safetensors", "model.safetensors.index.json"],
            "base/",
            Reason.MODEL_WITHOUT_WEIGHTS,
            "1 of 2 weight",
        ),
        (["model-00001-of-00001.safetensors"], "base/", Reason.MODEL_WITHOUT_WEIGHTS, r"no model\.safetensors\.index\.json"),
        (["model.safetensors", "tokenizer.json"], "base/", Reason.MODEL_UNSUPPORTED, r"no config\.json"),
        (["model.safetensors"], "base/", Reason.MODEL_UNSUPPORTED, r"no config\.json and no tokenizer\.json"),
    ],
    ids=lambda value: None if isinstance(value, list | tuple) else str(value)[:30],
)
def test_what_is_no_model_is_told_with_what_was_found(
    tmp_path: Path, names: list[str], key: str, reason: Reason, told: str
) -> None:
    (tmp_path / "base").mkdir()
    put(tmp_path, *names)
    with pytest.raises(TrainerFailure) as caught:
        find(tmp_path, key)
    assert caught.value.reason is reason
    assert re.search(told, caught.value.message)
    assert caught.value.remedy


def test_the_revision_names_the_exact_bytes_under_their_names(tmp_path: Path) -> None:
    put(tmp_path, *WHOLE)
    lines = "".join(f"{name} {hashlib.sha256(name.encode()).hexdigest()}\n" for name in sorted(WHOLE))
    revision = find(tmp_path).download(tmp_path / "down")
    assert revision == hashlib.sha256(lines.encode()).hexdigest()
    put(tmp_path, "README.md")
    assert find(tmp_path).download(tmp_path / "again") == revision, "files that are not fetched do not count"
    (tmp_path / "base" / "model.safetensors").write_bytes(b"other")
    assert find(tmp_path).download(tmp_path / "other") != revision


def test_a_file_that_goes_while_the_model_is_read_is_named(tmp_path: Path) -> None:
    put(tmp_path, *WHOLE)
    found = find(tmp_path)
    (tmp_path / "base" / "tokenizer.json").unlink()
    with pytest.raises(TrainerFailure, match=r"tokenizer\.json was removed") as caught:
        found.download(tmp_path / "down")
    assert caught.value.reason is Reason.MODEL_NOT_FOUND
