"""Where a cluster's files lie and which addresses it has: pure functions of its name, so that two clusters never collide."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

STATE_ROOT = Path("/var/lib/sft-local-cluster")
RUNTIME_ROOT = Path("/run/sft-local-cluster")
NODES_PER_CLUSTER = 4
"""Room for nodes in a cluster's block of addresses; `up` offers two."""
CLUSTERS = 32
"""10.200.0.0/16 holds 64 blocks of 4 nodes; half of them is far more than a machine can run."""
KNOWN_INDEXES = {"demo": 0, "test": 1}


def cache_root() -> Path:
    """What survives `down`: binaries, base image, built images and the nodes' image stores."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sft-operator"


def cluster_index(name: str) -> int:
    """A small number for a name. `demo` and `test` have their own; other names share what is left, by their hash."""
    if name in KNOWN_INDEXES:
        return KNOWN_INDEXES[name]
    spread = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return len(KNOWN_INDEXES) + spread % (CLUSTERS - len(KNOWN_INDEXES))


@dataclass(frozen=True, slots=True)
class NodeLayout:
    """One node: a network namespace, its addresses, its folders."""

    cluster: str
    number: int

    @property
    def block(self) -> int:
        return cluster_index(self.cluster) * NODES_PER_CLUSTER + self.number

    @property
    def name(self) -> str:
        return f"{self.cluster}-{self.number}"

    @property
    def namespace(self) -> str:
        """Name of the network namespace."""
        return f"sft-{self.name}"

    @property
    def host_link(self) -> str:
        """Host end of the veth pair; the kernel allows 15 characters."""
        return f"sftc{self.block}"

    @property
    def host_address(self) -> str:
        return f"10.200.{self.block}.1"

    @property
    def address(self) -> str:
        return f"10.200.{self.block}.2"

    @property
    def link_subnet(self) -> str:
        """Both ends of the veth pair."""
        return f"10.200.{self.block}.0/30"

    @property
    def pod_subnet(self) -> str:
        return f"10.244.{self.block}.0/24"

    @property
    def cgroup(self) -> str:
        return f"/sft-{self.name}"

    @property
    def state(self) -> Path:
        return STATE_ROOT / self.cluster / f"node-{self.number}"

    @property
    def runtime(self) -> Path:
        return RUNTIME_ROOT / self.name

    @property
    def containerd_socket(self) -> Path:
        return self.runtime / "containerd.sock"

    @property
    def image_store(self) -> Path:
        return cache_root() / "containerd" / self.name


@dataclass(frozen=True, slots=True)
class ClusterLayout:
    """One cluster. The control plane, DNS, S3 and the registry share the network namespace of node 1."""

    name: str

    @property
    def state(self) -> Path:
        return STATE_ROOT / self.name

    @property
    def certificates(self) -> Path:
        return self.state / "certificates"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self.logs / "audit.log"

    @property
    def first_node(self) -> NodeLayout:
        return NodeLayout(self.name, 1)

    @property
    def address(self) -> str:
        return self.first_node.address

    @property
    def api_server(self) -> str:
        return f"https://{self.address}:6443"

    @property
    def registry(self) -> str:
        return f"{self.address}:5000"

    @property
    def s3_endpoint(self) -> str:
        return f"http://{self.address}:7070"

    def nodes(self, count: int) -> list[NodeLayout]:
        return [NodeLayout(self.name, number) for number in range(1, count + 1)]


def all_possible_nodes(name: str) -> list[NodeLayout]:
    """Every node a cluster of that name could have: what `down` looks for."""
    return ClusterLayout(name).nodes(NODES_PER_CLUSTER - 1)
