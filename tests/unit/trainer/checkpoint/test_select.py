"""Resuming takes the newest checkpoint that verifies, and never starts over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from sft_trainer.checkpoint.layout import REQUIRED_FILES, CheckpointName, parse_name
from sft_trainer.checkpoint.select import committed_checkpoints, find_resume
from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.store.manifest import MANIFEST, publish_folder

FILES = (
    *("adapter_model.safetensors", "adapter_config.json", "trainer_state.json"),
    *("optimizer.pt", "scheduler.pt", "rng_state.pth"),
)


@pytest.fixture
def store(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "store")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def commit(store: LocalFolder, tmp_path: Path, step: int, attempt: int = 1, pod: str = "0a1b2c3d") -> CheckpointName:
    """A checkpoint of small files, each of which names its step."""
    name = CheckpointName(step, attempt, pod)
    folder = tmp_path / "made" / str(name)
    folder.mkdir(parents=True)
    for file in FILES:
        (folder / file).write_text(f"{file} of step {step} by attempt {attempt}")
    publish_folder(store, folder, "Checkpoint", {"step": step, "attempt": attempt}, prefix=name.prefix)
    return name


def object_of(tmp_path: Path, name: CheckpointName, file: str) -> Path:
    return tmp_path / "store" / name.prefix / file


def test_a_run_without_checkpoints_starts_at_the_beginning(store: LocalFolder, scratch: Path) -> None:
    assert find_resume(store, scratch, last_committed_step=0) is None


def test_the_newest_checkpoint_is_resumed_from(store: LocalFolder, scratch: Path, tmp_path: Path) -> None:
    for step in (90, 100, 20):
        commit(store, tmp_path, step)
    found = find_resume(store, scratch, last_committed_step=100)
    assert found is not None
    assert found.step == 100
    assert (found.folder / "trainer_state.json").read_text() == "trainer_state.json of step 100 by attempt 1"


def test_of_two_checkpoints_of_one_step_the_later_attempt_wins(store: LocalFolder, scratch: Path, tmp_path: Path) -> None:
    commit(store, tmp_path, 10, attempt=9)
    commit(store, tmp_path, 10, attempt=10, pod="ffffffff")
    found = find_resume(store, scratch, last_committed_step=10)
    assert found is not None
    assert (found.folder / "optimizer.pt").read_text() == "optimizer.pt of step 10 by attempt 10"


def test_a_folder_without_a_manifest_does_not_exist(store: LocalFolder, scratch: Path, tmp_path: Path) -> None:
    commit(store, tmp_path, 10)
    unfinished = commit(store, tmp_path, 20)
    object_of(tmp_path, unfinished, MANIFEST).unlink()
    found = find_resume(store, scratch, last_committed_step=10)
    assert found is not None
    assert found.step == 10


@pytest.mark.parametrize("file", FILES)
def test_a_checkpoint_with_a_changed_file_is_walked_back_over(
    store: LocalFolder, scratch: Path, tmp_path: Path, file: str
) -> None:
    commit(store, tmp_path, 10)
    damaged = object_of(tmp_path, commit(store, tmp_path, 20), file)
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + b"#")  # the same size
    found = find_resume(store, scratch, last_committed_step=20)
    assert found is not None
    assert found.step == 10
    assert [path.name for path in (scratch / "resume").iterdir()] == ["checkpoint-10"]


@pytest.mark.parametrize("file", FILES)
def test_a_checkpoint_that_lost_a_file_is_walked_back_over(store: LocalFolder, scratch: Path, tmp_path: Path, file: str) -> None:
    commit(store, tmp_path, 10)
    object_of(tmp_path, commit(store, tmp_path, 20), file).unlink()
    found = find_resume(store, scratch, last_committed_step=20)
    assert found is not None
    assert found.step == 10


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{}", b"not json", b'{"kind": "Checkpoint", "about": {}, "files": [{"name": "../x", "size": 1, "sha256": "0"}]}'],
    ids=["empty", "other fields", "no JSON", "a name that leaves the folder"],
)
def test_a_manifest_that_cannot_be_read_is_walked_back_over(
    store: LocalFolder, scratch: Path, tmp_path: Path, manifest: bytes
) -> None:
    commit(store, tmp_path, 10)
    object_of(tmp_path, commit(store, tmp_path, 20), MANIFEST).write_bytes(manifest)
    found = find_resume(store, scratch, last_committed_step=20)
    assert found is not None
    assert found.step == 10


def test_when_no_checkpoint_verifies_the_run_fails_and_says_so(store: LocalFolder, scratch: Path, tmp_path: Path) -> None:
    for step in (10, 20):
        object_of(tmp_path, commit(store, tmp_path, step), "optimizer.pt").write_text("damaged")
    with pytest.raises(TrainerFailure) as caught:
        find_resume(store, scratch, last_committed_step=0)
    assert caught.value.exit_code == ExitCode.CHECKPOINT_UNUSABLE
    assert caught.value.reason is Reason.CHECKPOINT_UNUSABLE
    assert "none of 2 checkpoints verifies" in caught.value.message
    assert "optimizer.pt" in caught.value.message
    assert "spec.run" in caught.value.remedy


def test_a_store_that_lost_every_checkpoint_is_no_fresh_start(store: LocalFolder, scratch: Path) -> None:
    with pytest.raises(TrainerFailure) as caught:
        find_resume(store, scratch, last_committed_step=40)
    assert caught.value.exit_code == ExitCode.CHECKPOINT_UNUSABLE
    assert "step 40" in caught.value.message


def test_other_objects_beside_the_checkpoints_are_not_taken_for_some(store: LocalFolder, scratch: Path, tmp_path: Path) -> None:
    for key in ("notes.txt", f"backup/{MANIFEST}", f"step-5-a1-0a1b2c3d/{MANIFEST}", f"step-00000005-a1-0a1b2c3d/x/{MANIFEST}"):
        store.put(f"checkpoints/{key}", b"{}")
    assert committed_checkpoints(store) == []
    assert find_resume(store, scratch, last_committed_step=0) is None


def test_a_name_reads_back_as_it_was_written() -> None:
    name = CheckpointName(1200, 12, "0a1b2c3d")
    assert str(name) == "step-00001200-a12-0a1b2c3d"
    assert parse_name(str(name)) == name


@pytest.mark.parametrize("file", REQUIRED_FILES)
def test_a_checkpoint_made_without_a_part_of_the_state_is_walked_back_over(
    store: LocalFolder, scratch: Path, tmp_path: Path, file: str
) -> None:
    commit(store, tmp_path, 10)
    folder = tmp_path / "incomplete"
    folder.mkdir()
    for name in set(FILES) - {file}:
        (folder / name).write_text("some state")
    publish_folder(store, folder, "Checkpoint", {}, prefix=CheckpointName(20, 1, "0a1b2c3d").prefix)
    found = find_resume(store, scratch, last_committed_step=20)
    assert found is not None
    assert found.step == 10
