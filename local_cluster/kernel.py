"""What the kernel must offer to pods, tried in a network namespace that ends with the attempt."""

from __future__ import annotations

from pathlib import Path

from local_cluster.command import run, succeeds
from local_cluster.console import LocalClusterError

FILESYSTEMS = Path("/proc/filesystems")
ATTEMPTS = {
    "network namespaces (CONFIG_NET_NS)": ("true",),
    "veth links (CONFIG_VETH)": ("ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1"),
    "bridges (CONFIG_BRIDGE)": ("ip", "link", "add", "probe0", "type", "bridge"),
    "nf_tables (CONFIG_NF_TABLES)": ("nft", "add", "table", "ip", "probe"),
}


def has_overlay() -> bool:
    """Whether overlayfs is built in or loaded."""
    return "overlay" in FILESYSTEMS.read_text().split()


def require() -> None:
    """Loads overlayfs where it is a module; raises with the name of the feature that is missing."""
    if not has_overlay():
        run("modprobe", "overlay")
    for feature, attempt in ATTEMPTS.items():
        if not succeeds("unshare", "--net", *attempt):
            command = " ".join(("unshare --net", *attempt))
            raise LocalClusterError(
                f"the kernel lacks {feature}, or this container may not use them: `{command}` failed. "
                "Use a kernel that has it, or a virtual machine"
            )
