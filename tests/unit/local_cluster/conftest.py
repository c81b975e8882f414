"""A machine that the commands can be tried on: every path they change lies in the test's own folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local_cluster import cgroups, host, layout, machine_lock, mounts, network, node_leftovers, packages, process, removal


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of its own, no programs but those a test puts into `bin`, and no processes but those it starts."""
    for module in (layout, machine_lock, removal, host):
        monkeypatch.setattr(module, "STATE_ROOT", tmp_path / "state")
    for module in (layout, machine_lock, removal):
        monkeypatch.setattr(module, "RUNTIME_ROOT", tmp_path / "run")
    for module, name, place in (
        (cgroups, "MOUNT", "cgroup"),
        (network, "NAMESPACES", "netns"),
        (packages, "POLICY", "policy-rc.d"),
        (node_leftovers, "CNI_RESULTS", "cni"),
        (node_leftovers, "RUNC_STATE", "runc"),
        (node_leftovers, "CONTAINER_LOG_LINKS", "containers"),
        (removal, "KUBELET_SOCKET", "kubelet/kubelet.sock"),
    ):
        monkeypatch.setattr(module, name, tmp_path / place)
    monkeypatch.setattr(removal, "SHARED_FOLDERS", (tmp_path / "kubelet", tmp_path / "cni"))
    monkeypatch.setattr(removal, "KEPT_PARENTS", {tmp_path})
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "mountinfo")
    for module in (host, node_leftovers, process):
        monkeypatch.setattr(module, "command_lines", lambda: iter(()))
    monkeypatch.setattr(host, "require_free", lambda *_: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for folder in ("cgroup", "bin", "kubelet"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mountinfo").touch()
    return tmp_path
