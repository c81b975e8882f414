"""The command line: what it refuses, before anything is touched."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from local_cluster import __main__ as command_line
from local_cluster import cluster, machine_lock, removal
from local_cluster.process import start_time


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


CHANGING = [("up",), ("down",), ("down", "--all"), ("build",), ("load", "operator"), ("start", "s3"), ("stop", "s3"), ("clean",)]


@pytest.mark.parametrize("arguments", CHANGING, ids=" ".join)
def test_without_root_every_command_that_changes_something_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(machine_lock, "RUNTIME_ROOT", tmp_path / "run")
    assert run(monkeypatch, *arguments) == 1
    assert "the local cluster needs root" in capsys.readouterr().err
    assert not (tmp_path / "run").exists(), "nothing was begun"


@pytest.fixture
def bare_machine(machine: Path) -> Path:
    """A minimal Debian with Go, whose packages cannot be reached."""
    for name, script in {
        "go": "echo go version go1.26.0 linux/amd64",
        "dpkg-query": "exit 1",
        "apt-get": f'echo "$@" >> {machine}/apt.log; case "$*" in *install*) echo "no network" >&2; exit 100;; esac',
    }.items():
        program(machine / "bin" / name, script)
    return machine


def program(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(stat.S_IRWXU)


def test_on_a_machine_without_iproute2_up_lists_what_it_changes_and_begins_with_the_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bare_machine: Path
) -> None:
    assert run(monkeypatch, "up") == 1
    said = capsys.readouterr().err
    assert (
        said.index("Changes to this host")
        < said.index("iproute2")
        < said.index("apt-get install containerd")
        < said.index("by hand")
    )
    assert "install -y" in (bare_machine / "apt.log").read_text()
    assert not any((bare_machine / name).exists() for name in ("state", "cache")), "what fails first has made no folders"


@pytest.mark.parametrize("arguments", [("down",), ("down", "--all"), ("clean",)], ids=" ".join)
def test_there_is_nothing_to_undo_on_a_bare_machine(
    monkeypatch: pytest.MonkeyPatch, bare_machine: Path, arguments: tuple[str, ...]
) -> None:
    assert run(monkeypatch, *arguments) == 0


def test_a_build_without_buildah_says_who_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bare_machine: Path
) -> None:
    assert run(monkeypatch, "build", "operator") == 1
    assert "debootstrap was not found on this machine; `python -m local_cluster up` installs" in capsys.readouterr().err


def leave_running_cluster(machine: Path, clone: str) -> None:
    """A cluster as `up` leaves it; this very process stands in for its components."""
    processes = machine / "state" / "demo" / "processes"
    processes.mkdir(parents=True)
    (processes / "etcd.json").write_text(json.dumps({"pid": os.getpid(), "start": start_time(os.getpid())}))
    (machine / "state" / "demo" / "owner.json").write_text(json.dumps({"clone": clone}))
    (machine / "state" / "demo" / "nodes.json").write_text("1")


@pytest.mark.parametrize("arguments", [("load", "operator"), ("stop", "s3"), ("down",)], ids=" ".join)
def test_a_cluster_of_another_clone_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bare_machine: Path, arguments: tuple[str, ...]
) -> None:
    leave_running_cluster(bare_machine, "/home/ann/sft")
    assert run(monkeypatch, *arguments) == 1
    assert "cluster 'demo' of the clone in /home/ann/sft is running" in capsys.readouterr().err


def test_the_status_of_a_cluster_whose_programs_this_tree_has_not_built_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bare_machine: Path
) -> None:
    leave_running_cluster(bare_machine, str(machine_lock.CLONE))
    assert run(monkeypatch, "status") == 1
    assert "`up` builds these" in capsys.readouterr().err


def test_the_status_of_a_running_cluster_needs_root_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bare_machine: Path
) -> None:
    leave_running_cluster(bare_machine, str(machine_lock.CLONE))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert run(monkeypatch, "status") == 1
    assert "needs root" in capsys.readouterr().err


def test_an_interrupted_command_ends_with_a_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bare_machine: Path
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(removal, "down", interrupt)
    assert run(monkeypatch, "down") == 130
    assert "interrupted" in capsys.readouterr().err
