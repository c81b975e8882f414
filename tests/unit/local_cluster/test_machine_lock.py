"""One clone at a time, and a refusal that names what runs."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local_cluster import machine_lock
from local_cluster.console import LocalClusterError
from local_cluster.layout import cluster_index
from local_cluster.machine_lock import Lock, claim, known_clusters, owner, refuse_if_taken
from local_cluster.process import start_time


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine_lock, "STATE_ROOT", tmp_path / "state")
    monkeypatch.setattr(machine_lock, "RUNTIME_ROOT", tmp_path / "run")
    return tmp_path


def leave_cluster(folders: Path, name: str, clone: str, *, running: bool) -> None:
    """What a cluster leaves; a running one is stood in for by this very process."""
    processes = folders / "state" / name / "processes"
    processes.mkdir(parents=True)
    (folders / "state" / name / "owner.json").write_text(json.dumps({"clone": clone}))
    start = start_time(os.getpid()) if running else "0"
    (processes / "etcd.json").write_text(json.dumps({"pid": os.getpid(), "start": start, "command": []}))


def test_a_running_cluster_of_another_clone_is_named_with_its_pid_and_the_way_out(folders: Path) -> None:
    leave_cluster(folders, "demo", "/home/ann/sft", running=True)
    with pytest.raises(LocalClusterError) as refusal:
        refuse_if_taken("test")
    for part in ("'demo'", "/home/ann/sft", str(os.getpid()), "down --all"):
        assert part in str(refusal.value)


def test_a_dead_cluster_of_another_clone_stops_nobody(folders: Path) -> None:
    leave_cluster(folders, "demo", "/home/ann/sft", running=False)
    refuse_if_taken("demo")


def test_clusters_of_this_clone_run_side_by_side(folders: Path) -> None:
    leave_cluster(folders, "demo", str(machine_lock.CLONE), running=True)
    refuse_if_taken("test")
    refuse_if_taken("demo")


def test_a_name_whose_addresses_are_taken_is_refused(folders: Path) -> None:
    twin = next(name for name in (f"name-{n}" for n in range(1000)) if cluster_index(name) == cluster_index("scratch"))
    leave_cluster(folders, "scratch", str(machine_lock.CLONE), running=True)
    with pytest.raises(LocalClusterError, match="same addresses"):
        refuse_if_taken(twin)


def test_a_claim_notes_the_clone(folders: Path) -> None:
    claim("demo")
    assert owner("demo") == machine_lock.CLONE
    assert known_clusters() == ["demo"]


def test_a_second_holder_waits_for_the_first(folders: Path) -> None:
    hold = (
        "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True);"
        "sys.stdin.read(); print('released', flush=True)"
    )
    (folders / "run").mkdir()
    lock_file = str(folders / "run" / "clusters.lock")
    with subprocess.Popen(
        [sys.executable, "-c", hold, lock_file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        with machine_lock.machine_lock(Lock.IMAGES):
            pass  # another lock: nobody waits
        holder.stdin.close()
        with machine_lock.machine_lock(Lock.CLUSTERS):
            assert holder.stdout.readline() == "released\n"


def test_a_lock_that_clean_removed_while_another_waited_for_it_is_made_anew(folders: Path) -> None:
    """Or the one that waited and a newcomer would both believe that they hold it."""
    clean = (
        "import fcntl, pathlib, shutil, sys; path = pathlib.Path(sys.argv[1]); file = path.open('w');"
        "fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read(); shutil.rmtree(path.parent)"
    )
    (folders / "run").mkdir()
    lock_file = folders / "run" / "clusters.lock"
    with subprocess.Popen(
        [sys.executable, "-c", clean, str(lock_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cleaner:
        assert cleaner.stdout is not None
        assert cleaner.stdin is not None
        assert cleaner.stdout.readline() == "held\n"
        threading.Timer(0.3, cleaner.stdin.close).start()
        with machine_lock.machine_lock(Lock.CLUSTERS):
            assert lock_file.exists()
            with lock_file.open() as newcomer, pytest.raises(BlockingIOError):
                fcntl.flock(newcomer, fcntl.LOCK_EX | fcntl.LOCK_NB)
