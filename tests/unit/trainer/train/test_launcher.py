"""PID 1 tells how training ended, also when the training process no longer can."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.progress import ProgressWriter
from sft_trainer.train import launcher
from tests.unit.trainer.train.runs import run_config

CGROUP_V2 = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"
CGROUP_V1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"


@pytest.mark.parametrize("counters", [CGROUP_V2, CGROUP_V1], ids=["cgroup v2", "cgroup v1"])
def test_kills_for_memory_are_read_from_the_cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counters: str) -> None:
    (tmp_path / "counters").write_text(counters)
    monkeypatch.setattr(launcher, "OOM_COUNTERS", (tmp_path / "absent", tmp_path / "counters"))
    assert launcher.oom_kills() == 2


def test_a_machine_without_these_counters_shows_no_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "OOM_COUNTERS", (tmp_path / "absent",))
    monkeypatch.setattr(launcher, "LIMIT_COUNTER", tmp_path / "absent")
    assert launcher.oom_kills() == 0


def test_an_old_kernel_counts_how_often_the_limit_was_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "oom_control").write_text("oom_kill_disable 0\nunder_oom 0\n")
    (tmp_path / "failcnt").write_text("17\n")
    monkeypatch.setattr(launcher, "OOM_COUNTERS", (tmp_path / "absent", tmp_path / "oom_control"))
    monkeypatch.setattr(launcher, "LIMIT_COUNTER", tmp_path / "failcnt")
    assert launcher.oom_kills() == 17


@pytest.mark.parametrize(
    ("kills", "ending", "expected"),
    [
        (3, "os.kill(os.getpid(), 9)", Reason.OUT_OF_MEMORY),
        (2, "os.kill(os.getpid(), 9)", Reason.INTERNAL_ERROR),
        (3, "sys.exit(7)", Reason.INTERNAL_ERROR),
    ],
    ids=["killed, and the counter rose", "killed, and the counter stood still", "ended by itself, and another was killed"],
)
def test_only_a_kill_that_the_cgroup_counted_is_out_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int, ending: str, expected: Reason
) -> None:
    """A real child, which does to itself what the kernel would."""
    counters = tmp_path / "memory.events"
    counters.write_text("oom_kill 2\n")
    monkeypatch.setattr(launcher, "OOM_COUNTERS", (counters,))
    code = f"import os, sys; open({str(counters)!r}, 'w').write('oom_kill {kills}'); {ending}"
    monkeypatch.setattr(launcher, "RANK", ("-c", code))
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert launcher.train(run_config("/folder"), tmp_path / "config.json", tmp_path).reason is expected
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_process_killed_for_its_memory_is_told_as_out_of_memory() -> None:
    message = launcher.died(run_config("/folder"), -9, killed_for_memory=True)
    assert message.exit_code == ExitCode.OUT_OF_MEMORY  # 137 would be tried again
    assert message.reason is Reason.OUT_OF_MEMORY
    assert "microBatchSize" in message.remedy


def test_a_process_killed_by_another_hand_is_told_by_its_signal() -> None:
    message = launcher.died(run_config("/folder"), -9, killed_for_memory=False)
    assert message.exit_code == 137
    assert message.reason is Reason.INTERNAL_ERROR
    assert "signal 9" in message.message


def test_a_failure_says_how_far_the_attempt_came(tmp_path: Path) -> None:
    ProgressWriter(tmp_path).update(step=14, total_steps=36, last_committed_step=12)
    killed = launcher.died(run_config("/folder"), -9, killed_for_memory=False)
    train = launcher.with_progress(killed, tmp_path).train
    assert train is not None
    assert (train.last_committed_step, train.total_steps) == (12, 36)


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")], ids=["by default", "as it was told"])
def test_waiting_threads_sleep_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, expected: str
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    seen = tmp_path / "seen"
    monkeypatch.setattr(launcher, "RANK", ("-c", f"import os; open({str(seen)!r}, 'w').write(os.environ['OMP_WAIT_POLICY'])"))
    before = signal.getsignal(signal.SIGTERM)
    try:
        launcher.train(run_config("/folder"), tmp_path / "config.json", tmp_path)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen.read_text() == expected


def test_the_launcher_imports_no_torch() -> None:
    """It must answer within a second, and stay small beside a process that fills the memory."""
    heavy = ("torch", "transformers", "pyarrow", "numpy")
    code = f"import sys, sft_trainer.train.launcher; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_config_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"contractVersion": 1, "kind": "Run"}')
    done = subprocess.run(
        [sys.executable, "-m", "sft_trainer", "train", "--config", str(config)], capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.INVALID
    assert '"reason":"InvalidConfig"' in done.stderr
