"""What the kernel must offer to pods, tried in a network namespace that ends with the attempt."""

from __future__ import annotations

from local_cluster.command import succeeds
from local_cluster.console import LocalClusterError

ATTEMPTS = {
    "network namespaces (CONFIG_NET_NS)": ("true",),
    "veth links (CONFIG_VETH)": ("ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1"),
    "bridges (CONFIG_BRIDGE)": ("ip", "link", "add", "probe0", "type", "bridge"),
    "nf_tables (CONFIG_NF_TABLES)": ("nft", "add", "table", "ip", "probe"),
}


def require() -> None:
    """Raises with the name of the feature that is missing."""
    for feature, attempt in ATTEMPTS.items():
        if not succeeds("unshare", "--net", *attempt):
            command = " ".join(("unshare --net", *attempt))
            raise LocalClusterError(
                f"the kernel lacks {feature}, or this container may not use them: `{command}` failed. "
                "Use a kernel that has it, or a virtual machine"
            )
