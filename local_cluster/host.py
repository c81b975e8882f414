"""What this machine must offer, checked before anything is changed on it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from local_cluster import kernel
from local_cluster.command import succeeds
from local_cluster.console import LocalClusterError
from local_cluster.layout import STATE_ROOT, NodeLayout, cache_root
from local_cluster.process import command_lines

NEEDED_GIB = 35
"""Measured peak of a first run with one node (docs/local_cluster.md): the trainer image in the builder's, the registry's and the
node's store, while layers are packed."""
NODE_GIB = 9
"""The images of one more node, packed and unpacked."""
SPARE_GIB = 5
"""For layers of changed sources, checkpoints and logs, once the images are there. A command that meets less does not begin."""
MINIMUM_GO = (1, 21)
"""From 1.21 on, go fetches the newer toolchain that a go.mod asks for."""


def require_root() -> None:
    """Namespaces, mounts and cgroups need root."""
    if os.geteuid() != 0:
        raise LocalClusterError("the local cluster needs root (namespaces, mounts, cgroups); run this as root, or with sudo")


def require_debian() -> None:
    """Packages are installed by apt-get."""
    if shutil.which("apt-get") is None:
        raise LocalClusterError("apt-get was not found; the local cluster is made for Debian 12 (tried on amd64)")


def go_version() -> tuple[int, int] | None:
    """Version of the go command on PATH."""
    if shutil.which("go") is None:
        return None
    text = subprocess.run(["go", "version"], capture_output=True, text=True).stdout
    found = re.search(r"go(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def require_go() -> None:
    """Kubernetes and the other programs are built from source."""
    version = go_version()
    if version is None or version < MINIMUM_GO:
        found = "was not found" if version is None else f"is {version[0]}.{version[1]}"
        raise LocalClusterError(
            f"go {found}; it must be 1.21 or newer (it then fetches the toolchain it needs). Install Go and put it on PATH"
        )


def foreign_kubelets() -> list[int]:
    """kubelets of other clusters than ours."""
    return [
        pid
        for pid, arguments in command_lines()
        if Path(arguments[0]).name == "kubelet" and not any(str(STATE_ROOT) in argument for argument in arguments)
    ]


def require_no_other_kubelet() -> None:
    """Every kubelet empties /var/lib/kubelet/device-plugins when it starts, and nobody can choose another folder."""
    for pid in foreign_kubelets():
        raise LocalClusterError(
            f"this machine is a node of another Kubernetes (kubelet, pid {pid}), whose device plugins a second kubelet "
            "would cut off; run the local cluster on another machine"
        )


def require_overlay() -> None:
    """Images are unpacked as layers. Loads nothing: `up` has not yet said what it changes."""
    if not kernel.has_overlay() and not succeeds("modprobe", "--dry-run", "overlay"):
        raise LocalClusterError("the kernel lacks overlayfs (CONFIG_OVERLAY_FS); images cannot be unpacked without it")


def require_disk(nodes: Sequence[NodeLayout]) -> None:
    """Room for the images of a first run, and of every node that has none yet; and some for the clusters' own files."""
    new_nodes = sum(not node.image_store.exists() for node in nodes)
    if images_loaded_marker().exists():
        require_free(cache_root(), SPARE_GIB + NODE_GIB * new_nodes)
    else:
        require_free(cache_root(), NEEDED_GIB + NODE_GIB * (len(nodes) - 1))
    require_free(STATE_ROOT, SPARE_GIB)


def require_free(folder: Path, gib: int) -> None:
    """Raises where a folder's disk has less than that free; makes no folder."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_gib = shutil.disk_usage(existing).free / 2**30
    if free_gib < gib:
        larger = ", or set XDG_CACHE_HOME to a larger disk" if folder == cache_root() else ""
        raise LocalClusterError(f"{folder} has {free_gib:.0f} GiB free; this needs {gib} GiB. Free some{larger}")


def images_loaded_marker() -> Path:
    """Stands once the largest image has been loaded: the first run's need of disk is behind us."""
    return cache_root() / "images-loaded"


def cgroup_version() -> int:
    """2 where the unified hierarchy is mounted alone, else 1."""
    return 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1


def check(nodes: Sequence[NodeLayout]) -> None:
    """Everything above, for a cluster of these nodes; raises LocalClusterError with what to do."""
    require_debian()
    require_go()
    require_no_other_kubelet()
    require_overlay()
    require_disk(nodes)
