"""Checkpoints are committed beside training: one at a time, whole or not at all, and never silently lost."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sft_trainer.checkpoint.commit import CheckpointCommitter
from sft_trainer.checkpoint.select import committed_checkpoints
from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.local_folder import LocalFolder

POD = "0a1b2c3d-aaaa-bbbb-cccc-000000000000"
WAIT_SECONDS = 10
"""Never reached; a test that would hang fails instead."""


class HeldStore(LocalFolder):
    """A store whose uploads wait until they are let go."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.let_go = threading.Event()

    def upload(self, path: Path, key: str) -> None:
        assert self.let_go.wait(WAIT_SECONDS)
        super().upload(path, key)


class BrokenStore(LocalFolder):
    """A store that stays away."""

    def upload(self, path: Path, key: str) -> None:
        raise TrainerFailure(ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE, f"no answer for {key}")


def saved(tmp_path: Path, step: int) -> Path:
    """What the Trainer leaves."""
    folder = tmp_path / "trainer" / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "optimizer.pt").write_text(f"moments of step {step}")
    return folder


def test_a_committed_checkpoint_has_a_manifest_and_a_name_that_fences_the_pod(tmp_path: Path) -> None:
    store, committed = LocalFolder(tmp_path / "store"), list[int]()
    committer = CheckpointCommitter(store, 2, POD, committed.append)
    committer.commit(saved(tmp_path, 7), 7)
    committer.wait()
    assert [str(name) for name in committed_checkpoints(store)] == ["step-00000007-a2-0a1b2c3d"]
    assert committed == [7]


def test_training_goes_on_while_a_checkpoint_is_uploaded(tmp_path: Path) -> None:
    store, committed = HeldStore(tmp_path / "store"), list[int]()
    committer = CheckpointCommitter(store, 1, POD, committed.append)
    committer.commit(saved(tmp_path, 7), 7)  # returns although nothing can be uploaded yet
    assert committed == []
    assert committed_checkpoints(store) == []
    store.let_go.set()
    committer.wait()
    assert committed == [7]


def test_the_trainers_own_folder_is_gone_once_it_is_handed_over(tmp_path: Path) -> None:
    store = HeldStore(tmp_path / "store")
    committer = CheckpointCommitter(store, 1, POD, lambda step: None)
    folder = saved(tmp_path, 7)
    committer.commit(folder, 7)
    assert not folder.exists()
    store.let_go.set()
    committer.wait()
    assert list((tmp_path / "trainer").iterdir()) == []


def test_at_most_one_upload_is_in_flight(tmp_path: Path) -> None:
    store, committed = HeldStore(tmp_path / "store"), list[int]()
    committer = CheckpointCommitter(store, 1, POD, committed.append)
    committer.commit(saved(tmp_path, 7), 7)
    second = threading.Thread(target=committer.commit, args=(saved(tmp_path, 8), 8))
    second.start()
    second.join(0.2)
    assert second.is_alive()
    store.let_go.set()
    second.join(WAIT_SECONDS)
    committer.wait()
    assert committed == [7, 8]


def test_an_upload_that_failed_ends_the_run_instead_of_being_forgotten(tmp_path: Path) -> None:
    committed = list[int]()
    committer = CheckpointCommitter(BrokenStore(tmp_path / "store"), 1, POD, committed.append)
    committer.commit(saved(tmp_path, 7), 7)
    with pytest.raises(TrainerFailure) as caught:
        committer.commit(saved(tmp_path, 8), 8)
    assert caught.value.exit_code == ExitCode.STORE_UNAVAILABLE
    assert committed == []


def test_a_failed_upload_is_met_at_the_next_step_and_not_only_at_the_next_checkpoint(tmp_path: Path) -> None:
    committer = CheckpointCommitter(BrokenStore(tmp_path / "store"), 1, POD, lambda step: None)
    committer.commit(saved(tmp_path, 7), 7)
    with pytest.raises(TrainerFailure, match="no answer for"):
        train_on(committer)


def train_on(committer: CheckpointCommitter) -> None:
    """Steps that save nothing."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        committer.raise_if_failed()
        time.sleep(0.01)


def test_an_upload_that_is_still_running_is_no_failure(tmp_path: Path) -> None:
    store, committed = HeldStore(tmp_path / "store"), list[int]()
    committer = CheckpointCommitter(store, 1, POD, committed.append)
    committer.commit(saved(tmp_path, 7), 7)
    committer.raise_if_failed()
    store.let_go.set()
    committer.wait()
    assert committed == [7]


def test_a_wait_ends_with_its_time_although_that_became_short_meanwhile(tmp_path: Path) -> None:
    store = HeldStore(tmp_path / "store")
    committer = CheckpointCommitter(store, 1, POD, lambda step: None)
    committer.commit(saved(tmp_path, 7), 7)
    left = iter([100.0, 100.0, 0.0])
    begun = time.monotonic()
    assert not committer.wait(lambda: next(left))
    assert time.monotonic() - begun < WAIT_SECONDS / 2
    store.let_go.set()
    assert committer.wait()


def test_how_long_an_upload_took_is_known_for_the_next_one(tmp_path: Path) -> None:
    store = HeldStore(tmp_path / "store")
    committer = CheckpointCommitter(store, 1, POD, lambda step: None)
    committer.commit(saved(tmp_path, 7), 7)
    time.sleep(0.1)
    store.let_go.set()
    committer.wait()
    assert 0.1 <= committer.upload_seconds < WAIT_SECONDS
