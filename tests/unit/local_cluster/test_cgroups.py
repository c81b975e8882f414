"""The cgroup of a node, in both versions; version 2 is only tested here, on folders that look like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cluster import cgroups
from local_cluster.layout import NodeLayout

NODE = NodeLayout("demo", 1)


@pytest.fixture
def version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroups, "MOUNT", tmp_path)
    monkeypatch.setattr(cgroups, "cgroup_version", lambda: 1)
    for controller in ("memory", "cpuset"):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / "cgroup.procs").touch()
    (tmp_path / "cpu").symlink_to("memory")
    return tmp_path


@pytest.fixture
def version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroups, "MOUNT", tmp_path)
    monkeypatch.setattr(cgroups, "cgroup_version", lambda: 2)
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory pids\n")
    return tmp_path


def test_a_node_gets_a_cgroup_in_every_hierarchy(version_1: Path) -> None:
    cgroups.create(NODE)
    assert {path.parent.name for path in version_1.glob("*/sft-demo-1")} >= {"memory", "cpuset"}


def test_an_empty_cpuset_takes_the_values_of_its_parent(version_1: Path) -> None:
    own = version_1 / "cpuset" / "sft-demo-1"
    own.mkdir()
    for setting, value in {"cpuset.cpus": "0-1", "cpuset.mems": "0"}.items():
        (version_1 / "cpuset" / setting).write_text(value)
        (own / setting).write_text("\n")
    cgroups.create(NODE)
    assert (own / "cpuset.cpus").read_text() == "0-1"
    assert (own / "cpuset.mems").read_text() == "0"


def test_a_cpuset_that_was_set_stays(version_1: Path) -> None:
    own = version_1 / "cpuset" / "sft-demo-1"
    own.mkdir()
    (version_1 / "cpuset" / "cpuset.cpus").write_text("0-3")
    (own / "cpuset.cpus").write_text("2")
    cgroups.create(NODE)
    assert (own / "cpuset.cpus").read_text() == "2"


def test_in_version_2_the_root_passes_on_what_kubelet_needs_and_does_not_yet_have(version_2: Path) -> None:
    cgroups.create(NODE)
    assert (version_2 / "cgroup.subtree_control").read_text() == "+cpuset +hugetlb"
    assert (version_2 / "sft-demo-1").is_dir()


def test_in_version_2_a_root_that_passes_on_enough_is_not_written(version_2: Path) -> None:
    enough = "cpuset cpu memory hugetlb pids"
    (version_2 / "cgroup.subtree_control").write_text(enough)
    cgroups.create(NODE)
    assert (version_2 / "cgroup.subtree_control").read_text() == enough


def test_removal_takes_the_inner_cgroups_first(version_1: Path) -> None:
    (version_1 / "memory" / "sft-demo-1" / "kubepods" / "pod1").mkdir(parents=True)
    (version_1 / "memory" / "other").mkdir()
    cgroups.remove(NODE)
    assert sorted(path.name for path in (version_1 / "memory").iterdir()) == ["cgroup.procs", "other"]
