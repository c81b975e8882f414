"""The end of a cluster: every process, mount, cgroup, namespace and folder that it or a killed run left. Ends nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from local_cluster import images, mounts, node_leftovers, packages
from local_cluster.command import succeeds
from local_cluster.console import LocalClusterError, say, step
from local_cluster.host import foreign_kubelets
from local_cluster.layout import RUNTIME_ROOT, STATE_ROOT, ClusterLayout, all_possible_nodes, cache_root
from local_cluster.machine_lock import known_clusters
from local_cluster.process import stop_recorded

STOP_ORDER = ("kubelet", "kube-proxy", "coredns", "kube-scheduler", "kube-controller-manager", "containerd", "kube-apiserver")
"""Whoever calls another stops first; what is not named here stops last."""
KUBELET_SOCKET = Path("/var/lib/kubelet/device-plugins/kubelet.sock")
"""Left by a kubelet that was killed; somebody else's kubelet that came since `up` keeps its own."""
SHARED_FOLDERS = (
    node_leftovers.CNI_RESULTS,
    KUBELET_SOCKET.parent,
    node_leftovers.CONTAINER_LOG_LINKS,
    Path("/run/containerd/s"),
    node_leftovers.RUNC_STATE,
    Path("/etc/cni/net.d"),
    Path("/usr/libexec/kubernetes/kubelet-plugins/volume/exec"),
)
"""Where kubelet and containerd write whatever they are told; `clean` removes those that are empty."""
KEPT_PARENTS = {Path(path) for path in ("/etc", "/var/lib", "/var/log", "/run", "/usr/libexec")}


def down(name: str) -> None:
    """Ends every process of the cluster and removes all but the caches."""
    with step(f"ending cluster '{name}'"):
        remove_leftovers(ClusterLayout(name))


def remove_leftovers(layout: ClusterLayout) -> None:
    """Everything of a cluster, running or killed. Its objects go with it: a cluster is made anew in seconds."""
    records = sorted(layout.state.glob("**/processes/*.json"), key=lambda record: _stop_position(record.stem))
    for record in records:
        stop_recorded(record)
    for item in all_possible_nodes(layout.name):
        node_leftovers.remove(item)
    shutil.rmtree(layout.state, ignore_errors=True)


def _stop_position(component: str) -> int:
    return STOP_ORDER.index(component) if component in STOP_ORDER else len(STOP_ORDER)


def clean() -> None:
    """Undoes everything on the host: clusters, then caches. Debian packages stay."""
    for name in known_clusters():
        down(name)
    if (cache_root() / "buildah").exists():
        succeeds(*images.buildah(), "rm", "--all")
    packages.remove_left_policy()
    if not foreign_kubelets():
        KUBELET_SOCKET.unlink(missing_ok=True)
    for folder in SHARED_FOLDERS:
        _remove_empty(folder)
    # The locks lie in the last one: whoever waits for them begins when they are gone, and makes new ones.
    ours = (cache_root(), STATE_ROOT, RUNTIME_ROOT)
    for folder in ours:
        mounts.unmount_below(folder)
        shutil.rmtree(folder, ignore_errors=True)
    left = [str(folder) for folder in ours if folder.exists()]
    if left:
        raise LocalClusterError(f"could not remove {', '.join(left)}; see what still uses it: fuser -vm {left[0]}")
    say(f"removed {', '.join(str(folder) for folder in ours)}")


def _remove_empty(folder: Path) -> None:
    """Removes a folder and its parents as long as they are empty; other software may use them too."""
    while folder not in KEPT_PARENTS and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
