"""A network namespace for each node, with one veth pair to the host."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from local_cluster.command import run, succeeds
from local_cluster.console import LocalClusterError
from local_cluster.layout import NodeLayout

NAMESPACES = Path("/run/netns")


def is_up(node: NodeLayout) -> bool:
    """Whether the node's namespace and its link stand."""
    return (NAMESPACES / node.namespace).exists() and succeeds("ip", "link", "show", node.host_link)


def create(node: NodeLayout) -> None:
    """Creates what is not there of the node's network. A killed run may have got anywhere, so every setting is made again."""
    if not is_up(node):
        delete(node)
        run("ip", "netns", "add", node.namespace)
        run("ip", "link", "add", node.host_link, "type", "veth", "peer", "name", "eth0", "netns", node.namespace)
    run("ip", "address", "replace", f"{node.host_address}/30", "dev", node.host_link)
    run("ip", "link", "set", node.host_link, "up")
    inside = ("ip", "-n", node.namespace)
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "address", "replace", f"{node.address}/30", "dev", "eth0")
    run(*inside, "link", "set", "eth0", "up")
    run(*inside, "route", "replace", "default", "via", node.host_address)
    run("nsenter", f"--net={NAMESPACES / node.namespace}", "sysctl", "-qw", "net.ipv4.ip_forward=1")
    run("ip", "route", "replace", node.pod_subnet, "via", node.address)


def require_free(nodes: Sequence[NodeLayout]) -> None:
    """Raises where somebody else has a route to just the addresses that a node would get; ours would take its place."""
    for node in nodes:
        for subnet in (node.link_subnet, node.pod_subnet):
            routes = run("ip", "route", "show", "to", "exact", subnet).splitlines()
            foreign = next((route for route in routes if f"dev {node.host_link}" not in route), None)
            if foreign:
                raise LocalClusterError(
                    f"this host has a route of its own for {subnet}, which node {node.name} needs: `{foreign.strip()}`. "
                    "Take that route away, or choose another --name, which gives other addresses"
                )


def connect(nodes: Sequence[NodeLayout]) -> None:
    """Lets the host pass packets between nodes: on their own links only, so that nothing else of the host begins to forward."""
    for node in nodes:
        run("sysctl", "-qw", f"net.ipv4.conf.{node.host_link}.forwarding=1")


def processes(node: NodeLayout) -> list[int]:
    """Processes in the node's namespace: all were started by this project, recorded or not."""
    if not (NAMESPACES / node.namespace).exists():
        return []
    return [int(pid) for pid in run("ip", "netns", "pids", node.namespace).split()]


def delete(node: NodeLayout) -> None:
    """Removes namespace and link; bridges and service rules inside go with them, the route with the link."""
    if succeeds("ip", "link", "show", node.host_link):
        run("ip", "link", "delete", node.host_link)
    if (NAMESPACES / node.namespace).exists():
        run("ip", "netns", "delete", node.namespace)
