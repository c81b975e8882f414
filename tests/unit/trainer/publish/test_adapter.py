"""The adapter's folder: plain names for PEFT, behind a fence, and whole whatever another attempt still writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from sft_trainer.contract import Artifact, ExitCode, TrainResult
from sft_trainer.failure import TrainerFailure
from sft_trainer.publish.adapter import find_artifact, publish_adapter
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.store.manifest import load_manifest
from tests.unit.trainer.train.runs import run_config

ABOUT = {"steps": 12, "trainLoss": 0.5, "evalLoss": None, "trainedTokens": 100}


class Model:
    """What PEFT writes of a model, without one."""

    def __init__(self, weights: bytes) -> None:
        self._weights = weights

    def save_pretrained(self, folder: Path, *, safe_serialization: bool) -> None:
        folder.mkdir(parents=True)
        (folder / "adapter_model.safetensors").write_bytes(self._weights)
        (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "/scratch/model"}))


class Attempt:
    """One attempt's pod at its end."""

    def __init__(self, root: Path, name: str) -> None:
        self._scratch = root / f"scratch-{name}"
        self._scratch.mkdir()
        self._weights = name.encode()
        (root / "model").mkdir(exist_ok=True)
        self._root = root

    def publish(self, store: LocalFolder) -> Artifact:
        model = cast("Any", Model(self._weights))
        return publish_adapter(model, self._root / "model", run_config(self._root), store, ABOUT, self._scratch)


class OvertakenAfter(LocalFolder):
    """A store on which another attempt publishes once this one has uploaded so many files."""

    def __init__(self, folder: Path, files: int, other: Callable[[], object]) -> None:
        super().__init__(folder)
        self._moments: Iterator[bool] = iter([False] * files + [True])
        self._other = other

    def upload(self, path: Path, key: str) -> None:
        if next(self._moments, False):
            self._other()
        super().upload(path, key)


@pytest.mark.parametrize("order", [("lost", "new"), ("new", "lost")], ids=["the new attempt is first", "the lost one is first"])
@pytest.mark.parametrize("files", [0, 1, 2])
def test_an_attempt_on_a_lost_node_cannot_spoil_what_another_has_published(
    tmp_path: Path, order: tuple[str, str], files: int
) -> None:
    slow, quick = (Attempt(tmp_path, name) for name in order)
    root, published = tmp_path / "out", list[Artifact]()
    late = slow.publish(OvertakenAfter(root, files, lambda: published.append(quick.publish(LocalFolder(root)))))
    assert late == published[0]
    (tmp_path / "check").mkdir()
    found = find_artifact(LocalFolder(root), tmp_path / "check")
    assert found is not None
    artifact, manifest = found
    assert artifact == published[0]
    assert (root / "artifact" / manifest.fence / "adapter_model.safetensors").read_bytes() == order[1].encode()


def test_what_peft_loads_lies_in_one_folder_under_its_plain_names(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path / "out")
    artifact = Attempt(tmp_path, "one").publish(store)
    manifest = load_manifest(store, "artifact/")
    assert manifest is not None
    names = {path.name for path in (tmp_path / "out" / "artifact" / manifest.fence).iterdir()}
    assert names == {"adapter_model.safetensors", "adapter_config.json", "README.md"}
    assert artifact.uri == f"{store.uri}artifact/"
    assert artifact.manifest_digest == manifest.digest()
    assert TrainResult(artifact=artifact).artifact == artifact


def test_a_damaged_artifact_is_mended_by_the_attempt_that_makes_the_same_one(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path / "out")
    first = Attempt(tmp_path, "one").publish(store)
    (weights,) = (tmp_path / "out").rglob("adapter_model.safetensors")
    weights.write_bytes(b"ONE")
    (tmp_path / "again").mkdir()
    assert Attempt(tmp_path / "again", "one").publish(store).manifest_digest == first.manifest_digest
    assert weights.read_bytes() == b"one"


def test_a_damaged_artifact_that_is_another_one_is_told(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path / "out")
    Attempt(tmp_path, "one").publish(store)
    (weights,) = (tmp_path / "out").rglob("adapter_model.safetensors")
    weights.write_bytes(b"ONE")
    with pytest.raises(TrainerFailure, match="is not the file that its manifest lists") as caught:
        Attempt(tmp_path, "two").publish(store)
    assert caught.value.exit_code == ExitCode.CHECKPOINT_UNUSABLE
