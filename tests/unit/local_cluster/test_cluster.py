"""What is done to a cluster that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_cluster import binaries, cluster
from local_cluster.console import LocalClusterError
from local_cluster.layout import ClusterLayout

DEMO = ClusterLayout("demo")


@pytest.fixture
def state(machine: Path) -> Path:
    """The state folder of a cluster with one node."""
    DEMO.state.mkdir(parents=True)
    (DEMO.state / "nodes.json").write_text("1")
    return DEMO.state


def test_to_stop_one_component_rewrites_the_files_of_no_other(state: Path) -> None:
    cluster.component("demo", "registry")
    assert (state / "registry.json").exists()
    assert not any(
        list(state.glob(f"**/{name}")) for name in ("kubelet.json", "containerd.toml", "Corefile", "audit-policy.json")
    )


def test_every_component_has_the_name_that_it_is_asked_for_by(state: Path) -> None:
    with pytest.raises(LocalClusterError, match="choose from: ") as refusal:
        cluster.component("demo", "scheduler")
    names = str(refusal.value).split("choose from: ")[1].split(", ")
    assert len(names) == 10
    assert [cluster.component("demo", name).name for name in names] == names


@pytest.mark.parametrize(("count", "amount"), [(3, "3"), (0, None)], ids=["given", "taken away"])
def test_a_node_has_as_many_fake_gpus_as_the_last_up_said(state: Path, count: int, amount: str | None) -> None:
    kubectl = binaries.folder() / "kubectl"
    kubectl.parent.mkdir(parents=True)
    kubectl.write_text(f'#!/bin/sh\nfor last; do :; done; echo "$last" > {state}/patch\n')
    kubectl.chmod(0o755)
    cluster._set_fake_gpus(DEMO, DEMO.nodes(1), count)
    status = json.loads((state / "patch").read_text())["status"]
    assert status == {"capacity": {"nvidia.com/gpu": amount}, "allocatable": {"nvidia.com/gpu": amount}}
