"""Resuming takes the newest checkpoint that verifies, and never starts over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from sft_trainer.checkpoint.commit import CheckpointCommitter
from sft_trainer.checkpoint.layout import CheckpointName, parse_name
from sft_trainer.checkpoint.select import committed_checkpoints, find_resume
from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.local_folder import LocalFolder


def commit(store: LocalFolder, disk: Path, step: int, *, attempt: int = 1, pod: str = "1a2b3c4d") -> str:
    """Commits a checkpoint as a training process does; returns its prefix."""
    folder = disk / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "optimizer.pt").write_bytes(bytes([step]) * 1000)
    (folder / "trainer_state.json").write_text(f'{{"global_step": {step}}}')
    committer = CheckpointCommitter(store, attempt, pod, on_committed=lambda _: None)
    committer.commit(folder, step)
    committer.wait()
    return CheckpointName(step, attempt, pod[:8]).prefix


@pytest.fixture
def store(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "store")


def test_a_run_without_checkpoints_starts_at_the_beginning(store: LocalFolder, tmp_path: Path) -> None:
    assert find_resume(store, tmp_path / "scratch", last_committed_step=0) is None


def test_the_newest_checkpoint_is_resumed_from(store: LocalFolder, tmp_path: Path) -> None:
    for step in (9, 10, 100):
        commit(store, tmp_path, step)
    found = find_resume(store, tmp_path / "scratch", last_committed_step=100)
    assert found is not None
    assert found.step == 100
    assert (found.folder / "optimizer.pt").read_bytes() == bytes([100]) * 1000


def test_a_later_attempt_wins_over_an_earlier_one_at_the_same_step(store: LocalFolder, tmp_path: Path) -> None:
    commit(store, tmp_path / "one", 5, attempt=2, pod="bbbbbbbb")
    commit(store, tmp_path / "two", 5, attempt=1, pod="aaaaaaaa")
    assert [name.attempt for name in committed_checkpoints(store)] == [2, 1]


@pytest.mark.parametrize("damage", ["changed", "cut", "missing"])
def test_a_damaged_checkpoint_is_walked_past(store: LocalFolder, tmp_path: Path, damage: str) -> None:
    commit(store, tmp_path, 10)
    file = tmp_path / "store" / commit(store, tmp_path, 20) / "optimizer.pt"
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(b"x" * 1000 if damage == "changed" else b"")
    found = find_resume(store, tmp_path / "scratch", last_committed_step=20)
    assert found is not None
    assert found.step == 10


def test_a_checkpoint_without_a_manifest_does_not_exist(store: LocalFolder, tmp_path: Path) -> None:
    commit(store, tmp_path, 10)
    (tmp_path / "store" / commit(store, tmp_path, 20) / "MANIFEST.json").unlink()
    found = find_resume(store, tmp_path / "scratch", last_committed_step=10)
    assert found is not None
    assert found.step == 10


def test_when_none_verifies_the_run_ends_instead_of_starting_over(store: LocalFolder, tmp_path: Path) -> None:
    (tmp_path / "store" / commit(store, tmp_path, 10) / "optimizer.pt").unlink()
    with pytest.raises(TrainerFailure) as failure:
        find_resume(store, tmp_path / "scratch", last_committed_step=0)
    assert (failure.value.exit_code, failure.value.reason) == (ExitCode.CHECKPOINT_UNUSABLE, Reason.CHECKPOINT_UNUSABLE)
    assert "none of 1 checkpoints verifies" in failure.value.message


def test_a_store_that_lost_what_was_committed_ends_the_run(store: LocalFolder, tmp_path: Path) -> None:
    with pytest.raises(TrainerFailure) as failure:
        find_resume(store, tmp_path / "scratch", last_committed_step=40)
    assert failure.value.exit_code == ExitCode.CHECKPOINT_UNUSABLE
    assert "although step 40 was committed" in failure.value.message
    assert "spec.run" in failure.value.remedy


def test_a_failed_upload_is_met_at_the_next_commit(tmp_path: Path) -> None:
    class Refusing(LocalFolder):
        def upload(self, path: Path, key: str) -> None:
            raise TrainerFailure(ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE, f"{key} could not be written")

    committer = CheckpointCommitter(Refusing(tmp_path / "store"), 1, "pod", on_committed=lambda _: None)
    (tmp_path / "checkpoint-1").mkdir()
    (tmp_path / "checkpoint-1" / "optimizer.pt").write_bytes(b"x")
    committer.commit(tmp_path / "checkpoint-1", 1)
    (tmp_path / "checkpoint-2").mkdir()
    with pytest.raises(TrainerFailure, match="could not be written"):
        committer.commit(tmp_path / "checkpoint-2", 2)


@pytest.mark.parametrize("text", ["step-1-a1-x", "step-00000001", "step-00000001-a1-../x", "other"])
def test_a_foreign_name_is_none_of_ours(text: str) -> None:
    assert parse_name(text) is None


def test_a_name_reads_back_as_it_was_written() -> None:
    name = CheckpointName(1200, 3, "1a2b3c4d")
    assert parse_name(str(name)) == name
