"""What containerd, CNI and kubelet are told."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from local_cluster import layout
from local_cluster.certificates import Authority
from local_cluster.layout import ClusterLayout, NodeLayout
from local_cluster.node import cni_config, containerd_config, kubelet_config

CRI = "io.containerd.grpc.v1.cri"


def test_containerd_pulls_from_the_clusters_own_registry_and_keeps_to_its_folders() -> None:
    cluster = ClusterLayout("demo")
    config = tomllib.loads(containerd_config(cluster.first_node, cluster.registry))
    assert config["plugins"][CRI]["registry"]["mirrors"] == {cluster.registry: {"endpoint": [f"http://{cluster.registry}"]}}
    assert config["root"] == str(cluster.first_node.image_store)
    assert config["state"].startswith(str(cluster.first_node.runtime))


def test_containerd_never_lowers_oom_score_adj_which_needs_a_capability_that_may_be_missing() -> None:
    config = tomllib.loads(containerd_config(NodeLayout("demo", 1), "10.200.1.2:5000"))
    assert config["plugins"][CRI]["restrict_oom_score_adj"] is True


def test_pods_get_addresses_of_their_nodes_own_subnet() -> None:
    node = NodeLayout("demo", 2)
    bridge = json.loads(cni_config(node))["plugins"][0]
    assert bridge["ipam"]["ranges"] == [[{"subnet": node.pod_subnet}]]
    assert bridge["ipMasq"] is False  # the host has a route: the S3 server sees the pod's own address


@pytest.fixture
def kubelet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    monkeypatch.setattr(layout, "STATE_ROOT", tmp_path)
    return kubelet_config(NodeLayout("demo", 1), Authority(tmp_path / "certificates"), "10.200.1.2")


def test_kubelet_lets_in_nobody_whom_the_api_server_does_not_know(kubelet: dict[str, object]) -> None:
    assert kubelet["authentication"]["anonymous"] == {"enabled": False}  # type: ignore[index]
    assert kubelet["authorization"] == {"mode": "Webhook"}


def test_kubelet_keeps_its_pods_in_the_nodes_cgroup_and_their_logs_in_its_folder(
    kubelet: dict[str, object], tmp_path: Path
) -> None:
    assert kubelet["cgroupRoot"] == NodeLayout("demo", 1).cgroup
    assert Path(str(kubelet["podLogsDir"])).is_relative_to(tmp_path)


def test_kubelet_gives_pods_the_clusters_dns(kubelet: dict[str, object]) -> None:
    assert kubelet["clusterDNS"] == ["10.200.1.2"]
    assert kubelet["clusterDomain"] == "cluster.local"
