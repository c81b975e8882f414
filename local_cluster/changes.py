"""What `up` will change on the host, as the list it prints before the first of it. docs/local_cluster.md explains each line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from local_cluster import cgroups, kernel, packages, removal
from local_cluster.build_settings import uv_cache
from local_cluster.layout import RUNTIME_ROOT, ClusterLayout, NodeLayout, cache_root


def host_changes(layout: ClusterLayout, new_nodes: Sequence[NodeLayout], missing: Sequence[str]) -> list[str]:
    """One line a change; none when every package is there and every node stands."""
    return [*_package_changes(missing), *(_cluster_changes(layout, new_nodes) if new_nodes else [])]


def _package_changes(missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    policy = f"{packages.POLICY} while they are installed, so that none of their services starts"
    return [f"Debian packages (apt-get install --no-remove): {' '.join(missing)}", policy]


def _cluster_changes(layout: ClusterLayout, new_nodes: Sequence[NodeLayout]) -> list[str]:
    lines = [
        f"network namespaces {_listed(node.namespace for node in new_nodes)}, with one veth pair each: "
        + _listed(f"{node.host_link} ({node.host_address}/30)" for node in new_nodes),
        f"routes to the pods: {_listed(node.pod_subnet for node in new_nodes)}",
        f"cgroups {_listed(node.cgroup for node in new_nodes)}",
        f"folders {layout.state}, {RUNTIME_ROOT} and {cache_root()}",
        f"uv's own cache, which image builds fill: {uv_cache(os.environ)}",
        f"what kubelet and containerd keep beside them: {_listed(removal.SHARED_FOLDERS)}",
    ]
    if any(node.number > 1 for node in new_nodes):
        links = [node.host_link for node in layout.nodes(max(node.number for node in new_nodes))]
        lines.append(f"packet forwarding between the nodes: {_listed(f'net.ipv4.conf.{link}.forwarding' for link in links)}")
    if controllers := cgroups.not_passed_down():
        lines.append(f"{cgroups.MOUNT}/cgroup.subtree_control: passes on {_listed(controllers)}")
    if not kernel.has_overlay():
        lines.append("kernel module overlay, which is not loaded yet: modprobe")
    return lines


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))
