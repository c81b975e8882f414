"""What `down` and `clean` take away, and what they leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cluster import layout, node, removal
from local_cluster.layout import NodeLayout


@pytest.fixture
def demo_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeLayout:
    monkeypatch.setattr(layout, "STATE_ROOT", tmp_path / "state")
    monkeypatch.setattr(layout, "RUNTIME_ROOT", tmp_path / "run")
    for name in ("CNI_RESULTS", "RUNC_STATE", "CONTAINER_LOG_LINKS"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(node, name, tmp_path / name)
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
    node._remove_log_links(demo_node)
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
    node._remove_traces_of_tasks(demo_node)
    assert not socket.exists()
    assert sorted(path.name for folder in ("CNI_RESULTS", "RUNC_STATE") for path in (tmp_path / folder).iterdir()) == [
        "other",
        "pods-other-eth0",
    ]
    assert all(path.exists() for path in others)


def test_whoever_calls_another_stops_first() -> None:
    order = sorted(["etcd", "kube-apiserver", "s3", "containerd", "kubelet"], key=removal._stop_position)
    assert order[:3] == ["kubelet", "containerd", "kube-apiserver"]
