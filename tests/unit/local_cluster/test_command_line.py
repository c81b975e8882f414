"""The command line: what it refuses, before anything is touched."""

from __future__ import annotations

import json

import pytest

from local_cluster import __main__ as command_line
from local_cluster import cluster


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["local_cluster", *arguments])
    return command_line.main()


@pytest.mark.parametrize("name", ["Demo", "../etc", "1st", "", "a" * 17, "a b"])
def test_a_name_that_is_no_part_of_a_path_or_link_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run(monkeypatch, "down", "--name", name) == 2
    assert f"--name '{name}' must start with a letter" in capsys.readouterr().err


def test_three_nodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, "up", "--nodes", "3")


def test_the_status_of_a_cluster_that_was_never_started_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "status", "--name", "never-started", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == {"name": "never-started", "running": False}


def test_plain_status_exits_1_for_a_cluster_that_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "status", "--name", "never-started") == 1


def test_plain_status_never_shows_the_secret_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = {"name": "demo", "running": True, "s3": {"endpoint": "http://10.200.1.2:7070", "secretKey": "very-secret"}}
    monkeypatch.setattr(cluster, "status", lambda _: found)
    assert run(monkeypatch, "status") == 0
    assert "very-secret" not in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("load", "operator"), ("stop", "s3")], ids=["load", "stop"])
def test_what_needs_a_running_cluster_says_how_to_start_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(command_line, "machine_lock", lambda _: __import__("contextlib").nullcontext())
    assert run(monkeypatch, *arguments, "--name", "never-started") == 1
    assert "does not run; start it: python -m local_cluster up --name never-started" in capsys.readouterr().err
