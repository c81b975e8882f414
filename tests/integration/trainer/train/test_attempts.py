"""Whole attempts in real processes: what is killed goes on as if it had not been, to the last bit."""

from __future__ import annotations

import json
import signal

import pytest

from sft_trainer.contract import Reason
from tests.integration.trainer.train.conftest import Run

pytestmark = pytest.mark.integration


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The weights of the run that nothing happened to, once they are known."""
    return {}


def reference_weights(run: Run, uninterrupted: dict[str, bytes]) -> bytes:
    """The same run in a store of its own, without any trouble."""
    if "weights" not in uninterrupted:
        root = run.root / "reference"
        root.mkdir()
        reference = Run(root, run.config | {"output": {"uri": f"file://{root}/output/"}})
        reference.start()
        message = reference.wait()
        assert message.exit_code == 0, message
        assert message.train is not None
        assert message.train.artifact is not None
        assert message.train.eval_loss is not None
        assert message.train.samples[0].before != message.train.samples[0].after
        lines = [json.loads(line) for line in (reference.output / "metrics.jsonl").read_text().splitlines()]
        assert sorted({line["step"] for line in lines}) == list(range(1, 13))
        losses = [line["eval_loss"] for line in lines if "eval_loss" in line]
        assert [round(loss, 6) for loss in losses] == [message.train.eval_loss]
        uninterrupted["weights"] = reference.adapter()
    return uninterrupted["weights"]


def test_a_killed_run_resumes_and_ends_with_the_same_weights(run: Run, uninterrupted: dict[str, bytes]) -> None:
    run.start()
    run.wait_for_commit(4)
    run.kill_training_process()
    killed = run.wait()
    assert killed.exit_code == 137
    assert "signal 9" in killed.message
    run.start(lastCommittedStep=4)
    finished = run.wait()
    assert finished.train is not None
    assert finished.train.resumed_from_step >= 4
    assert run.adapter() == reference_weights(run, uninterrupted)


def test_a_run_told_to_stop_saves_its_step_and_goes_on_from_it(run: Run, uninterrupted: dict[str, bytes]) -> None:
    run.config["checkpointEverySteps"] = 1000
    run.start()
    wait_for_step(run, 3)
    run.signal(signal.SIGTERM)
    stopped = run.wait()
    assert (stopped.exit_code, stopped.reason) == (20, Reason.PREEMPTED)
    assert stopped.train is not None
    saved = stopped.train.last_committed_step
    assert saved >= 3
    assert not (run.output / "artifact").exists(), "what is not finished is not published"
    run.start(lastCommittedStep=saved)
    finished = run.wait()
    assert finished.train is not None
    assert finished.train.resumed_from_step == saved
    assert run.adapter() == reference_weights(run, uninterrupted)


def wait_for_step(run: Run, step: int) -> None:
    assert run.process is not None
    while run.progress().step < step:
        assert run.process.poll() is None


def test_a_run_whose_checkpoints_are_all_damaged_ends_instead_of_starting_over(run: Run) -> None:
    run.start()
    run.wait_for_commit(2)
    run.kill_training_process()
    run.wait()
    for file in (run.output / "checkpoints").rglob("optimizer.pt"):
        file.write_bytes(b"")
    run.start(lastCommittedStep=2)
    message = run.wait()
    assert (message.exit_code, message.reason) == (14, Reason.CHECKPOINT_UNUSABLE)
