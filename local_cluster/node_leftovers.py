"""What a node leaves when it ends or is killed: processes, mounts, cgroups, links, files."""

from __future__ import annotations

import shutil
from pathlib import Path

from local_cluster import cgroups, mounts, network
from local_cluster.layout import NodeLayout
from local_cluster.process import command_lines, kill_process

CNI_RESULTS = Path("/var/lib/cni/results")
RUNC_STATE = Path("/run/containerd/runc/k8s.io")
CONTAINER_LOG_LINKS = Path("/var/log/containers")


def shims(node: NodeLayout) -> list[int]:
    """containerd's shims: they outlive it, and are known by the socket of the containerd that started them."""
    return [
        pid
        for pid, arguments in command_lines()
        if "containerd-shim" in arguments[0] and str(node.containerd_socket) in arguments
    ]


def _remove_traces_of_tasks(node: NodeLayout) -> None:
    """Shim sockets, CNI results and runc states: containerd lets nobody choose their folders, but names them after its tasks."""
    for task in node.runtime.glob("containerd/io.containerd.runtime.v2.task/k8s.io/*"):
        address = task / "address"
        if address.exists():
            Path(address.read_text().strip().removeprefix("unix://")).unlink(missing_ok=True)
        for result in CNI_RESULTS.glob(f"*-{task.name}-*"):
            result.unlink()
        shutil.rmtree(RUNC_STATE / task.name, ignore_errors=True)


def _remove_log_links(node: NodeLayout) -> None:
    """kubelet links each container's log below /var/log/containers, a folder that it lets nobody choose."""
    if not CONTAINER_LOG_LINKS.exists():
        return
    for link in CONTAINER_LOG_LINKS.iterdir():
        if link.is_symlink() and link.readlink().is_relative_to(node.state):
            link.unlink()


def remove(node: NodeLayout) -> None:
    """Everything a node left: processes in its pods, shims, mounts, cgroups, network, folders. The image store stays."""
    cgroups.remove(node)
    for pid in {*network.processes(node), *shims(node)}:
        kill_process(pid)  # a shim ignores SIGTERM, and nothing here has state to save
    _remove_traces_of_tasks(node)
    _remove_log_links(node)
    mounts.unmount_below(node.state)
    mounts.unmount_below(node.runtime)
    mounts.unmount_below(node.image_store)
    network.delete(node)
    shutil.rmtree(node.runtime, ignore_errors=True)
    shutil.rmtree(node.state, ignore_errors=True)
