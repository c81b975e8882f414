"""Converted weights are made once, kept for the runs after, and never worth a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sft_trainer.contract import RunConfig
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.train import model_cache
from sft_trainer.train.model_cache import ConvertedWeights, fetch_converted
from tests.unit.trainer.train.runs import run_config


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return run_config(tmp_path)


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    folder = tmp_path / "converted"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def kept(config: RunConfig) -> bool:
    return Path(config.model_cache.uri.removeprefix("file://")).exists()


def test_what_one_run_converted_the_next_one_finds(tmp_path: Path, config: RunConfig, converted: Path) -> None:
    ConvertedWeights(config, converted).wait()
    found = fetch_converted(config, tmp_path / "cached")
    assert found is not None
    assert {path.name: path.read_bytes() for path in found.iterdir()} == {
        "config.json": b"{}",
        "model.safetensors": b"weights",
    }


def test_nothing_is_found_where_nothing_was_kept(tmp_path: Path, config: RunConfig) -> None:
    ConvertedWeights(config, None).wait()
    assert not kept(config)
    assert fetch_converted(config, tmp_path / "cached") is None


def test_keeping_begins_when_it_is_told_and_not_before(config: RunConfig, converted: Path) -> None:
    weights = ConvertedWeights(config, converted)
    assert not kept(config)
    weights.keep_beside()
    weights.keep_beside()
    weights.wait()
    assert kept(config)


def test_what_another_version_of_the_converter_made_is_not_used(
    tmp_path: Path, config: RunConfig, converted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ConvertedWeights(config, converted).wait()
    monkeypatch.setattr(model_cache, "CONVERTER_VERSION", model_cache.CONVERTER_VERSION + 1)
    assert fetch_converted(config, tmp_path / "cached") is None


def test_damaged_weights_are_not_used(tmp_path: Path, config: RunConfig, converted: Path) -> None:
    ConvertedWeights(config, converted).wait()
    (weights,) = (tmp_path / "cache").rglob("model.safetensors")
    weights.write_bytes(b"WEIGHTS")
    assert fetch_converted(config, tmp_path / "cached") is None
    assert not (tmp_path / "cached").exists()


def test_weights_that_cannot_be_kept_end_no_run(
    config: RunConfig, converted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(store: LocalFolder, path: Path, key: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LocalFolder, "upload", full)
    ConvertedWeights(config, converted).wait()
    assert "were not kept, so that the next run converts again: [Errno 28]" in capsys.readouterr().out
