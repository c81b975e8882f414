"""Locks of the machine: one change of clusters and one build of images at a time, and one clone at a time whose clusters run."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from local_cluster.console import LocalClusterError, say
from local_cluster.layout import RUNTIME_ROOT, STATE_ROOT, cluster_index
from local_cluster.process import recorded_pid

CLONE = Path(__file__).resolve().parent.parent


class Lock(StrEnum):
    """What is changed. Apart, so that a component can be stopped and started while an image builds."""

    CLUSTERS = "clusters"
    IMAGES = "images"


@contextmanager
def machine_lock(lock: Lock) -> Iterator[None]:
    """Waits until no other `local_cluster` changes the same on this machine."""
    path = RUNTIME_ROOT / f"{lock}.lock"
    while True:
        RUNTIME_ROOT.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            _wait_for(file)
            if _is_at(path, file):
                yield
                return


def _wait_for(file: TextIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another local_cluster command to finish")
        fcntl.flock(file, fcntl.LOCK_EX)


def _is_at(path: Path, file: TextIO) -> bool:
    """Whether a path still leads to an open file: `clean` removes the locks it holds, and a newcomer makes others."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def running_pids(name: str) -> list[int]:
    """Processes of a cluster that still run."""
    records = (STATE_ROOT / name).glob("**/processes/*.json")
    return [pid for pid in map(recorded_pid, records) if pid is not None]


def known_clusters() -> list[str]:
    """Names of clusters that left anything, running or not."""
    return sorted(path.name for path in STATE_ROOT.iterdir() if path.is_dir()) if STATE_ROOT.exists() else []


def owner(name: str) -> Path | None:
    """The clone that started a cluster."""
    file = STATE_ROOT / name / "owner.json"
    return Path(json.loads(file.read_text())["clone"]) if file.exists() else None


def refuse_if_foreign(name: str) -> None:
    """Raises while a cluster of another clone runs under a name."""
    pids, clone = running_pids(name), owner(name)
    if pids and clone is not None and clone != CLONE:
        raise LocalClusterError(
            f"cluster '{name}' of the clone in {clone} is running (pid {pids[0]}); "
            "use it from there, or end it with: python -m local_cluster down --all"
        )


def refuse_if_taken(name: str) -> None:
    """Raises while clusters of another clone run, or one whose addresses this name would get too."""
    for other in known_clusters():
        refuse_if_foreign(other)
        pids = running_pids(other)
        if pids and other != name and cluster_index(other) == cluster_index(name):
            raise LocalClusterError(
                f"the names '{name}' and '{other}' give the same addresses, and '{other}' runs; choose another"
            )


def claim(name: str) -> None:
    """Notes that this clone owns the cluster."""
    state = STATE_ROOT / name
    state.mkdir(parents=True, exist_ok=True)
    (state / "owner.json").write_text(json.dumps({"clone": str(CLONE)}))
