"""The list of changes: complete, and there whenever there is something to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cluster import cgroups, kernel, removal
from local_cluster.changes import host_changes
from local_cluster.layout import ClusterLayout

DEMO = ClusterLayout("demo")


@pytest.fixture(autouse=True)
def folders(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroups, "cgroup_version", lambda: 1)
    monkeypatch.setattr(kernel, "FILESYSTEMS", machine / "filesystems")
    (machine / "filesystems").write_text("nodev\toverlay\n")
    return machine


def test_nothing_is_said_where_nothing_changes() -> None:
    assert host_changes(DEMO, [], []) == []


def test_missing_packages_are_said_although_the_cluster_runs() -> None:
    changes = "\n".join(host_changes(DEMO, [], ["buildah"]))
    assert "apt-get install --no-remove): buildah" in changes
    assert "policy-rc.d" in changes
    assert "namespace" not in changes


def test_a_new_node_is_said_with_everything_it_brings(folders: Path) -> None:
    changes = "\n".join(host_changes(DEMO, DEMO.nodes(1), []))
    node = DEMO.first_node
    paths = (DEMO.state, folders / "cache" / "sft-operator", *removal.SHARED_FOLDERS)
    for part in (node.namespace, node.host_link, node.pod_subnet, f"{node.host_address}/30", node.cgroup, *map(str, paths)):
        assert part in changes
    assert "uv's own cache" in changes
    assert "apt-get" not in changes
    assert "forwarding" not in changes


def test_a_second_node_on_a_running_first_brings_forwarding_on_both_links() -> None:
    first, second = DEMO.nodes(2)
    changes = "\n".join(host_changes(DEMO, [second], []))
    assert first.namespace not in changes
    assert f"net.ipv4.conf.{first.host_link}.forwarding, net.ipv4.conf.{second.host_link}.forwarding" in changes


def test_what_cgroup_v2_and_a_missing_module_need_is_said(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "cgroup_version", lambda: 2)
    (folders / "cgroup" / "cgroup.controllers").write_text("cpu memory pids")
    (folders / "cgroup" / "cgroup.subtree_control").write_text("cpu")
    (folders / "filesystems").write_text("\text4\n")
    changes = "\n".join(host_changes(DEMO, DEMO.nodes(1), []))
    assert "cgroup.subtree_control: passes on memory, pids" in changes
    assert "kernel module overlay" in changes
