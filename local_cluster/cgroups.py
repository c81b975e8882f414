"""The cgroups below which a node's pods live: made before the kubelet starts, emptied and removed on `down`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from local_cluster.console import LocalClusterError
from local_cluster.host import cgroup_version
from local_cluster.layout import NodeLayout

MOUNT = Path("/sys/fs/cgroup")
KUBELET_CONTROLLERS = {"cpu", "cpuset", "hugetlb", "memory", "pids"}
EMPTYING_SECONDS = 10.0
"""Processes killed by SIGKILL leave their cgroup within milliseconds, unless they wait for a disk."""


def _hierarchies() -> list[Path]:
    """Folders that hold one tree each: every v1 controller, or the one v2 tree."""
    if cgroup_version() == 2:
        return [MOUNT]
    return [path for path in MOUNT.iterdir() if path.is_dir() and not path.is_symlink() and (path / "cgroup.procs").exists()]


def create(node: NodeLayout) -> None:
    """Makes the node's cgroup in each hierarchy. A v1 cpuset starts empty and takes its parent's values."""
    _pass_controllers_down()
    for hierarchy in _hierarchies():
        folder = hierarchy / node.cgroup.lstrip("/")
        folder.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            parent, own = hierarchy / setting, folder / setting
            if parent.exists() and own.exists() and not own.read_text().strip():
                own.write_text(parent.read_text())


def not_passed_down() -> list[str]:
    """In v2 a cgroup has only what its parent passes on; kubelet refuses a root that lacks one of these. systemd passes most."""
    if cgroup_version() == 1:
        return []
    offered = set((MOUNT / "cgroup.controllers").read_text().split())
    return sorted((KUBELET_CONTROLLERS & offered) - set((MOUNT / "cgroup.subtree_control").read_text().split()))


def _pass_controllers_down() -> None:
    passed_on, wanted = MOUNT / "cgroup.subtree_control", not_passed_down()
    if not wanted:
        return
    try:
        passed_on.write_text(" ".join(f"+{controller}" for controller in wanted))
    except OSError as error:
        raise LocalClusterError(
            f"{passed_on} does not take {', '.join(wanted)} ({error.strerror}); a container's own cgroup cannot: use the host"
        ) from error


def processes(node: NodeLayout) -> set[int]:
    """Every process in the node's pods."""
    return {pid for folder in _folders(node) for pid in _read_pids(folder / "cgroup.procs")}


def _folders(node: NodeLayout) -> Iterator[Path]:
    for hierarchy in _hierarchies():
        root = hierarchy / node.cgroup.lstrip("/")
        if root.exists():
            yield from sorted((path for path in root.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts))
            yield root


def _read_pids(file: Path) -> list[int]:
    try:
        return [int(line) for line in file.read_text().split()]
    except (FileNotFoundError, OSError):
        return []


def remove(node: NodeLayout) -> None:
    """Kills what is left in the node's pods and removes the cgroups."""
    deadline = time.monotonic() + EMPTYING_SECONDS
    while (pids := processes(node)) and time.monotonic() < deadline:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.1)
    for folder in list(_folders(node)):
        try:
            folder.rmdir()
        except OSError:  # a cgroup that is not empty yet is taken over by the next `up`
            continue
