"""What `down` and `clean` take away, and what they leave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local_cluster import layout, node_leftovers, packages, removal
from local_cluster.layout import NodeLayout


@pytest.fixture
def demo_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeLayout:
    monkeypatch.setattr(layout, "STATE_ROOT", tmp_path / "state")
    monkeypatch.setattr(layout, "RUNTIME_ROOT", tmp_path / "run")
    for name in ("CNI_RESULTS", "RUNC_STATE", "CONTAINER_LOG_LINKS"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(node_leftovers, name, tmp_path / name)
    return NodeLayout("demo", 1)


def test_empty_folders_go_up_to_the_first_that_holds_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "KEPT_PARENTS", {tmp_path})
    (tmp_path / "cni" / "net.d").mkdir(parents=True)
    (tmp_path / "containerd" / "s").mkdir(parents=True)
    (tmp_path / "containerd" / "config.toml").touch()
    removal._remove_empty(tmp_path / "cni" / "net.d")
    removal._remove_empty(tmp_path / "containerd" / "s")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["config.toml", "containerd"]


def test_a_folder_that_every_machine_has_stays_even_when_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "KEPT_PARENTS", {tmp_path})
    removal._remove_empty(tmp_path)
    assert tmp_path.is_dir()


def test_log_links_of_this_node_go_and_those_of_others_stay(demo_node: NodeLayout, tmp_path: Path) -> None:
    links = tmp_path / "CONTAINER_LOG_LINKS"
    (links / "ours.log").symlink_to(demo_node.state / "pod-logs" / "0.log")
    (links / "theirs.log").symlink_to("/var/log/pods/0.log")
    node_leftovers._remove_log_links(demo_node)
    assert [path.name for path in links.iterdir()] == ["theirs.log"]


def test_traces_of_this_nodes_tasks_go_and_those_of_others_stay(demo_node: NodeLayout, tmp_path: Path) -> None:
    task = demo_node.runtime / "containerd" / "io.containerd.runtime.v2.task" / "k8s.io" / "abc"
    task.mkdir(parents=True)
    socket, others = tmp_path / "socket", [tmp_path / "CNI_RESULTS" / "pods-other-eth0", tmp_path / "RUNC_STATE" / "other"]
    (task / "address").write_text(f"unix://{socket}")
    for path in (socket, tmp_path / "CNI_RESULTS" / "pods-abc-eth0", tmp_path / "CNI_RESULTS" / "pods-other-eth0"):
        path.touch()
    for name in ("abc", "other"):
        (tmp_path / "RUNC_STATE" / name).mkdir()
    node_leftovers._remove_traces_of_tasks(demo_node)
    assert not socket.exists()
    assert sorted(path.name for folder in ("CNI_RESULTS", "RUNC_STATE") for path in (tmp_path / folder).iterdir()) == [
        "other",
        "pods-other-eth0",
    ]
    assert all(path.exists() for path in others)


def test_whoever_calls_another_stops_first() -> None:
    order = sorted(["etcd", "kube-apiserver", "s3", "containerd", "kubelet"], key=removal._stop_position)
    assert order[:3] == ["kubelet", "containerd", "kube-apiserver"]


def test_clean_leaves_nothing_even_where_buildah_was_removed_before(machine: Path) -> None:
    (machine / "policy-rc.d").write_text(f"#!/bin/sh\n{packages.POLICY_MARK}\nexit 101\n")
    for folder in ("state/demo", "run", "cache/sft-operator/buildah"):
        (machine / folder).mkdir(parents=True)
    (machine / "kubelet" / "kubelet.sock").touch()
    removal.clean()
    assert sorted(path.name for path in machine.iterdir()) == ["bin", "cache", "cgroup", "mountinfo"]
    assert not any((machine / "cache").iterdir())


def test_clean_leaves_the_socket_of_a_kubelet_that_came_later(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / "kubelet" / "kubelet.sock").touch()
    monkeypatch.setattr(removal, "foreign_kubelets", lambda: [4711])
    removal.clean()
    assert (machine / "kubelet" / "kubelet.sock").exists()


def test_what_undoes_things_needs_nothing_but_the_standard_library() -> None:
    """`make down` and `make clean` run on a fresh clone, without .venv and without a registry to fill it from."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import local_cluster.__main__, local_cluster.removal"
    repository = Path(removal.__file__).parent.parent
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, str(repository)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
