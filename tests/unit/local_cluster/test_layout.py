"""Addresses and folders of clusters: two that run at once never meet."""

from __future__ import annotations

from ipaddress import IPv4Address
from ipaddress import IPv4Network as Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cluster.layout import CLUSTERS, NODES_PER_CLUSTER, ClusterLayout, NodeLayout, all_possible_nodes, cluster_index

names = st.from_regex(r"[a-z][a-z0-9-]{0,15}", fullmatch=True)
LONGEST_INTERFACE_NAME = 15


def networks(node: NodeLayout) -> list[Network]:
    return [Network(f"{node.host_address}/30", strict=False), Network(node.pod_subnet)]


@given(names)
def test_every_name_has_an_index_within_the_block_of_addresses(name: str) -> None:
    assert 0 <= cluster_index(name) < CLUSTERS


def test_the_demo_and_the_tests_have_indexes_that_no_other_name_gets() -> None:
    others = {cluster_index(f"name-{number}") for number in range(500)}
    assert len({cluster_index("demo"), cluster_index("test")} | others) == 2 + len(others)


@given(names, names)
def test_clusters_of_different_index_share_no_network(first: str, second: str) -> None:
    if cluster_index(first) == cluster_index(second):
        return
    for one in all_possible_nodes(first):
        for other in all_possible_nodes(second):
            assert not any(a.overlaps(b) for a in networks(one) for b in networks(other))
            assert one.host_link != other.host_link


@given(names)
def test_nodes_of_one_cluster_share_nothing(name: str) -> None:
    for one, other in combinations(all_possible_nodes(name), 2):
        assert not any(a.overlaps(b) for a in networks(one) for b in networks(other))
        for attribute in ("namespace", "host_link", "cgroup", "state", "runtime", "image_store", "containerd_socket"):
            assert getattr(one, attribute) != getattr(other, attribute), attribute


@given(names)
def test_the_kernel_takes_the_name_of_every_link(name: str) -> None:
    assert all(len(node.host_link) <= LONGEST_INTERFACE_NAME for node in all_possible_nodes(name))


def test_both_ends_of_a_link_lie_in_one_network() -> None:
    node = NodeLayout("demo", 1)
    assert IPv4Address(node.address) in Network(f"{node.host_address}/30", strict=False)


def test_no_cluster_reaches_into_the_service_addresses() -> None:
    services = Network("10.96.0.0/16")
    assert not any(a.overlaps(services) for index in range(CLUSTERS) for a in networks(NodeLayout(f"name-{index}", 1)))


def test_a_cluster_answers_at_the_address_of_its_first_node() -> None:
    layout = ClusterLayout("demo")
    assert layout.api_server == f"https://{layout.first_node.address}:6443"
    assert layout.registry.startswith(layout.first_node.address)
    assert layout.s3_endpoint.startswith(f"http://{layout.first_node.address}:")


def test_the_cache_follows_xdg_cache_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert str(NodeLayout("demo", 1).image_store) == "/elsewhere/sft-operator/containerd/demo-1"


def test_a_cluster_has_room_for_the_two_nodes_that_up_offers() -> None:
    assert NODES_PER_CLUSTER > 2
    assert [node.number for node in ClusterLayout("demo").nodes(2)] == [1, 2]
