"""Processes are started once, known by pid and start time, and no other process is ever ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cluster import process
from local_cluster.console import LocalClusterError
from local_cluster.process import Component, recorded_pid, start_time, stop_recorded


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Component]:
    component = Component("sleeper", ["sleep", "300"], tmp_path)
    yield component
    component.stop()


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is not ours."""
    with subprocess.Popen(["sleep", "300"]) as child:
        yield child
        child.kill()


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while start_time(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)


def test_a_second_start_keeps_the_process_that_runs(sleeper: Component) -> None:
    sleeper.start()
    first = sleeper.pid()
    sleeper.start()
    assert first is not None
    assert sleeper.pid() == first


def test_a_changed_command_replaces_the_process(sleeper: Component, tmp_path: Path) -> None:
    sleeper.start()
    first = sleeper.pid()
    assert first is not None
    changed = Component("sleeper", ["sleep", "301"], tmp_path)
    changed.start()
    assert changed.pid() not in (None, first)
    assert start_time(first) is None


def test_a_changed_configuration_file_replaces_the_process(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text("1")
    component = Component("sleeper", ["sleep", "300"], tmp_path, files=(config,))
    component.start()
    first = component.pid()
    try:
        component.start()
        assert component.pid() == first is not None
        config.write_text("2")
        component.start()
        assert component.pid() not in (None, first)
    finally:
        component.stop()


def test_a_component_behind_a_proxy_reaches_the_cluster_directly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    component = Component("printer", ["sh", "-c", "echo $NO_PROXY"], tmp_path)
    component.start()
    pid = component.pid()
    if pid is not None:
        wait_until_gone(pid)
    assert "10.96.0.0/16" in component.log.read_text()


def test_a_killed_process_is_started_again(sleeper: Component) -> None:
    sleeper.start()
    first = sleeper.pid()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until_gone(first)
    assert sleeper.pid() is None
    sleeper.start()
    assert sleeper.pid() not in (None, first)


def test_stop_ends_the_process_and_forgets_it(sleeper: Component) -> None:
    sleeper.start()
    pid = sleeper.pid()
    assert pid is not None
    sleeper.stop()
    assert start_time(pid) is None
    assert not sleeper.record.exists()


def test_a_process_that_took_over_the_pid_is_not_ended(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    record = tmp_path / "record.json"
    record.write_text(json.dumps({"pid": stranger.pid, "start": "1", "command": ["etcd"]}))
    assert recorded_pid(record) is None
    stop_recorded(record)
    assert stranger.poll() is None
    assert not record.exists()


def test_a_record_cut_short_counts_as_no_process(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    record.write_text('{"pid": 1')
    assert recorded_pid(record) is None


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.5)
    ready = tmp_path / "ready"
    script = (
        f"import signal, pathlib, time; signal.signal(15, signal.SIG_IGN); pathlib.Path({str(ready)!r}).touch(); time.sleep(300)"
    )
    deaf = Component("deaf", ["python3", "-c", script], tmp_path)
    deaf.start()
    pid = deaf.pid()
    assert pid is not None
    while not ready.exists():
        time.sleep(0.01)
    deaf.stop()
    assert start_time(pid) is None


def test_a_component_that_died_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    broken = Component("broken", ["python3", "-c", "raise SystemExit('port 6443 is taken')"], tmp_path)
    broken.start()
    pid = broken.pid()
    if pid is not None:
        wait_until_gone(pid)
    with pytest.raises(LocalClusterError, match=r"broken stopped[\s\S]*port 6443 is taken[\s\S]*local_cluster down"):
        broken.require_running()


def test_the_environment_of_a_component_reaches_its_process_and_no_file(tmp_path: Path) -> None:
    command = ["python3", "-c", "import os; print(len(os.environ['KEY']))"]
    component = Component("holder", command, tmp_path, environment={"KEY": "very-secret"})
    component.start()
    pid = component.pid()
    if pid is not None:
        wait_until_gone(pid)
    assert component.log.read_text().strip() == "11"
    assert not any("very-secret" in path.read_text() for path in tmp_path.rglob("*") if path.is_file())
