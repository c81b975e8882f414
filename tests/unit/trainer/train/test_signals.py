"""SIGTERM ends the process at once, whatever threads wait for, except while it trains."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sft_trainer.contract import ExitCode, Reason, TerminationMessage, TrainResult
from sft_trainer.train.messages import stopped, stopped_at_once
from sft_trainer.train.signals import RESERVED_SECONDS
from tests.unit.trainer.train.runs import run_config

PREAMBLE = """
import os, signal, sys, time
from concurrent.futures import ThreadPoolExecutor
from sft_trainer.train.signals import StopRequest
stop = StopRequest(float(sys.argv[1]), lambda: os._exit(20))
"""
DOWNLOADING = """
with ThreadPoolExecutor(1) as pool:
    transfer = pool.submit(time.sleep, 60)
    print("ready", flush=True)
    transfer.result()
"""
TRAINING = """
with stop.held_until_step_end():
    print("ready", flush=True)
    while not stop.requested:
        time.sleep(0.01)
    print(stop.seconds_left, flush=True)
"""
AT_THE_LAST_MOMENT = """
with stop.held_until_step_end():
    asked = stop.requested
    print("ready", flush=True)
    while not stop.requested:
        time.sleep(0.01)
stop.end_if_requested()
print("went on", flush=True)
"""


@pytest.mark.parametrize("grace", [30, 3600])
def test_a_process_whose_threads_transfer_ends_at_once(grace: int) -> None:
    code, _, seconds = terminated(DOWNLOADING, grace)
    assert code == ExitCode.PREEMPTED
    assert seconds < 5


def test_a_training_process_goes_on_to_the_end_of_its_step_and_knows_its_time(tmp_path: Path) -> None:
    code, said, _ = terminated(TRAINING, grace=60)
    assert code == 0
    assert 0 < 60 - RESERVED_SECONDS - float(said) < 1


def test_a_signal_after_trainings_last_look_ends_the_process_all_the_same() -> None:
    code, said, _ = terminated(AT_THE_LAST_MOMENT, grace=60)
    assert (code, said) == (ExitCode.PREEMPTED, "")


def test_a_grace_period_shorter_than_what_is_reserved_leaves_nothing() -> None:
    _, said, _ = terminated(TRAINING, grace=10)
    assert float(said) == 0


def terminated(work: str, grace: float) -> tuple[int, str, float]:
    """Exit code, output, and seconds from SIGTERM to the end."""
    command = [sys.executable, "-c", PREAMBLE + work, str(grace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        begun = time.monotonic()
        process.terminate()
        said = process.stdout.read()
        return process.wait(), said, time.monotonic() - begun


def test_a_step_that_could_not_be_saved_is_told_with_the_one_that_was() -> None:
    result = TrainResult(last_committed_step=40, total_steps=100)
    said = stopped(run_config("/folder"), result, reached_step=47)
    assert (said.exit_code, said.reason) == (ExitCode.PREEMPTED, Reason.PREEMPTED)
    assert "step 47 of 100" in said.message
    assert "within 30 s" in said.message
    assert "last committed step is 40" in said.message
    assert said.train == result


def test_a_step_that_was_saved_is_told() -> None:
    said = stopped(run_config("/folder"), TrainResult(last_committed_step=47, total_steps=100), reached_step=47)
    assert "step 47 of 100 was saved" in said.message


@pytest.mark.parametrize(
    ("committed", "expected"), [(0, "starts over"), (12, "goes on from step 12")], ids=["nothing yet", "some"]
)
def test_a_stop_outside_of_training_says_where_the_next_attempt_begins(committed: int, expected: str) -> None:
    said: TerminationMessage = stopped_at_once(run_config("/folder"), committed)
    assert said.exit_code == ExitCode.PREEMPTED
    assert expected in said.message
