"""A node's network: whole after any run that was killed, and never in place of a route of somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cluster import network
from local_cluster.console import LocalClusterError
from local_cluster.layout import NodeLayout

NODE = NodeLayout("demo", 2)
SETTINGS = [
    f"address replace {NODE.host_address}/30 dev {NODE.host_link}",
    f"link set {NODE.host_link} up",
    f"-n {NODE.namespace} link set lo up",
    f"-n {NODE.namespace} address replace {NODE.address}/30 dev eth0",
    f"-n {NODE.namespace} link set eth0 up",
    f"-n {NODE.namespace} route replace default via {NODE.host_address}",
    f"route replace {NODE.pod_subnet} via {NODE.address}",
]


@pytest.fixture
def ip(machine: Path) -> Path:
    """A stand-in for ip that knows namespaces and links, notes the settings, and dies where `dies-at` says."""
    script = f"""#!/bin/sh
cd {machine}
if [ -f dies-at ]; then case "$*" in $(/bin/cat dies-at)*) exit 137;; esac; fi
case "$*" in
  "netns add "*) /bin/mkdir -p netns; : > "netns/$3";;
  "netns pids "*) ;;
  "netns delete "*) /bin/rm "netns/$3";;
  "link add "*) : > "link-$3";;
  "link show "*) [ -f "link-$3" ];;
  "link delete "*) /bin/rm "link-$3";;
  "route show "*) [ ! -f routes ] || /bin/cat routes;;
  *) echo "$*" >> settings;;
esac
"""
    for name, text in {"ip": script, "nsenter": f'#!/bin/sh\necho "$*" >> {machine}/inside\n'}.items():
        (machine / "bin" / name).write_text(text)
        (machine / "bin" / name).chmod(0o755)
    return machine


@pytest.mark.parametrize("at", ["link add", *SETTINGS])
def test_a_creation_that_was_killed_anywhere_is_finished_by_the_next(ip: Path, at: str) -> None:
    (ip / "dies-at").write_text(at)
    with pytest.raises(LocalClusterError):
        network.create(NODE)
    (ip / "dies-at").unlink()
    (ip / "settings").unlink(missing_ok=True)
    network.create(NODE)
    assert network.is_up(NODE)
    assert (ip / "settings").read_text().splitlines() == SETTINGS
    assert "net.ipv4.ip_forward=1" in (ip / "inside").read_text()


def test_a_route_of_the_hosts_own_is_not_replaced(ip: Path) -> None:
    (ip / "routes").write_text(f"{NODE.pod_subnet} via 192.168.7.1 dev tun0 proto static\n")
    with pytest.raises(LocalClusterError, match=rf"a route of its own for .*: `{NODE.pod_subnet} via 192.168.7.1 dev tun0"):
        network.require_free([NODE])


def test_a_route_of_the_node_itself_is_no_hindrance(ip: Path) -> None:
    (ip / "routes").write_text(f"{NODE.pod_subnet} via {NODE.address} dev {NODE.host_link} \n")
    network.require_free([NODE])
