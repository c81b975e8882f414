"""The real processes: the launcher answers from the first second, and SIGTERM saves the step and ends with exit code 20."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from sft_trainer.checkpoint.select import committed_checkpoints
from sft_trainer.contract import ExitCode, Progress, Reason, TerminationMessage
from sft_trainer.store.object_store import open_store
from tests.unit.trainer.train.runs import write_inputs

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore::FutureWarning")]
PATIENCE_SECONDS = 120
"""Importing torch and transformers takes up to half a minute on a busy machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int) -> Progress | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v1/progress")
        return Progress.model_validate_json(connection.getresponse().read())
    except OSError:
        return None
    finally:
        connection.close()


def test_sigterm_in_the_middle_of_training_saves_the_step_and_ends_with_20(tmp_path: Path) -> None:
    config = write_inputs(tmp_path)
    endless = config.training.model_copy(update={"epochs": 100_000})
    config = config.model_copy(update={"training": endless, "checkpoint_every_steps": 1_000_000})
    (tmp_path / "config.json").write_text(config.to_json())
    port = free_port()
    environment = {
        **os.environ,
        "SFT_SCRATCH": str(tmp_path / "scratch"),
        "SFT_PROGRESS_PORT": str(port),
        "SFT_POD_UID": "0a1b2c3d-x",
    }
    command = [sys.executable, "-m", "sft_trainer", "train", "--config", str(tmp_path / "config.json")]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        deadline, seen = time.monotonic() + PATIENCE_SECONDS, set[str]()
        while (now := ask(port)) is None or now.step < 3:
            seen |= {now.phase.value} if now else set()
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert now.pod_uid == "0a1b2c3d-x"
        assert "Starting" in seen or "Downloading" in seen  # it answered before torch was imported
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    assert process.returncode == ExitCode.PREEMPTED
    message = TerminationMessage.model_validate_json(next(line for line in errors.splitlines() if line.startswith('{"contract')))
    assert message.reason is Reason.PREEMPTED
    assert message.train is not None
    assert message.train.last_committed_step >= 3
    store = open_store(config.output)
    assert [name.step for name in committed_checkpoints(store)] == [message.train.last_committed_step]
    assert json.loads(store.read("exits/a1-0a1b2c3d.json", 1 << 20))["exitCode"] == ExitCode.PREEMPTED
    assert not any(info.key.startswith("artifact/") for info in store.list())
