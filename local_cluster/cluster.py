"""A whole cluster: up, down, status. `up` is idempotent and also succeeds after a run that was killed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from local_cluster import binaries, control_plane, host, images, kubeconfig, network, node, packages, services
from local_cluster.certificates import authority
from local_cluster.command import run, succeeds
from local_cluster.console import LocalClusterError, say, step
from local_cluster.layout import RUNTIME_ROOT, ClusterLayout, NodeLayout, all_possible_nodes, cache_root
from local_cluster.machine_lock import claim, running_pids
from local_cluster.process import Component, stop_recorded

START_SECONDS = 120.0
"""API server and node are ready within 15 s on two cores; this allows for a machine that does something else."""
STOP_ORDER = (
    "kubelet",
    "kube-proxy",
    "coredns",
    "kube-scheduler",
    "kube-controller-manager",
    "containerd",
    "kube-apiserver",
)


def announce_changes(layout: ClusterLayout, count: int, missing: list[str]) -> None:
    """Says what this will do to the host, before it does it."""
    nodes = ", ".join(item.namespace for item in layout.nodes(count))
    say(f"cluster '{layout.name}'. Changes to this host:")
    say(f"- Debian packages: {' '.join(missing) if missing else 'none missing'}")
    say(f"- network namespaces {nodes}, one veth pair and one route each" + ("; ip_forward=1" if count > 1 else ""))
    say(f"- folders {layout.state}, {RUNTIME_ROOT}, {cache_root()}; cgroups below {layout.first_node.cgroup}")
    say("`make clean` undoes all of it but the packages")


def wait_until(what: str, ready: Callable[[], bool], components: list[Component]) -> None:
    """Waits for something to become true; says why when a process it needs has died."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        for component in components:
            component.require_running()
        if time.monotonic() > deadline:
            raise LocalClusterError(f"{what} was not ready after {START_SECONDS:.0f} s; look at {components[0].log}")
        time.sleep(0.25)


def kubectl(layout: ClusterLayout) -> tuple[str, ...]:
    return (str(binaries.folder() / "kubectl"), "--kubeconfig", str(layout.kubeconfig))


def up(name: str, node_count: int, fake_gpus: int) -> None:
    """Starts what does not run."""
    host.check()
    layout = ClusterLayout(name)
    claim(name)
    missing = packages.missing()
    if not running_pids(name):
        announce_changes(layout, node_count, missing)
        _remove_leftovers(layout)
        claim(name)
    packages.install(missing)
    binaries.build_all()
    _start_control_plane(layout)
    for item in layout.nodes(node_count):
        _start_node(layout, item)
    if node_count > 1:
        network.connect_nodes()
    _set_fake_gpus(layout, layout.nodes(node_count), fake_gpus)
    (layout.state / "nodes.json").write_text(json.dumps(node_count))
    say(f"cluster '{name}' is up: export KUBECONFIG={layout.kubeconfig}")


def _remove_leftovers(layout: ClusterLayout) -> None:
    """What a killed run left. Its objects go with it: a cluster is made anew in seconds."""
    for item in all_possible_nodes(layout.name):
        node.remove(item)
    shutil.rmtree(layout.state, ignore_errors=True)


def _start_control_plane(layout: ClusterLayout) -> None:
    network.create(layout.first_node)
    folder, issuer = binaries.folder(), authority(layout)
    kubeconfig.write(layout, issuer, control_plane.ADMIN, layout.kubeconfig)
    store, registry = services.object_store(layout, folder), services.registry(layout)
    etcd, api = control_plane.etcd(layout, folder), control_plane.api_server(layout, folder, issuer)
    for component in (store, registry, etcd, api):
        component.start()
    wait_until("the API server", lambda: succeeds(*kubectl(layout), "get", "--raw", "/readyz"), [api, etcd])
    run(*kubectl(layout), "apply", "--server-side", "-f", "-", stdin=_as_list(services.DNS_ROLE))
    rest = [
        control_plane.controller_manager(layout, folder, issuer),
        control_plane.scheduler(layout, folder, issuer),
        services.dns(layout, folder, issuer),
    ]
    for component in rest:
        component.start()


def _as_list(objects: list[dict[str, object]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def _start_node(layout: ClusterLayout, item: NodeLayout) -> None:
    from local_cluster import cgroups

    network.create(item)
    cgroups.create(item)
    issuer, folder = authority(layout), binaries.folder()
    runtime = node.containerd(item, layout.registry)
    runtime.start()
    probe = ("ctr", "--address", str(item.containerd_socket), "version")
    wait_until("containerd", lambda: succeeds(*probe), [runtime])
    images.load_pause(item)
    agents = [node.kubelet(layout, item, folder, issuer), node.kube_proxy(layout, item, folder, issuer)]
    for agent in agents:
        agent.start()
    ready = ("wait", "--for=condition=Ready", "--timeout=1s", f"node/{item.name}")
    wait_until(f"node {item.name}", lambda: succeeds(*kubectl(layout), *ready), [agents[0], runtime])


def _set_fake_gpus(layout: ClusterLayout, nodes: list[NodeLayout], count: int) -> None:
    """Capacity that scheduler and kubelet honour; no device stands behind it."""
    if count < 1:
        return
    amount = {"nvidia.com/gpu": str(count)}
    patch = json.dumps({"status": {"capacity": amount, "allocatable": amount}})
    for item in nodes:
        run(*kubectl(layout), "patch", "node", item.name, "--subresource=status", "--type=merge", "-p", patch)


def down(name: str) -> None:
    """Ends every process of the cluster and removes all but the caches."""
    layout = ClusterLayout(name)
    records = {path.stem: path for path in layout.state.glob("**/processes/*.json")}
    with step(f"ending cluster '{name}'"):
        ordered = sorted(records, key=lambda key: STOP_ORDER.index(key) if key in STOP_ORDER else len(STOP_ORDER))
        for key in ordered:
            for path in layout.state.glob(f"**/processes/{key}.json"):
                stop_recorded(path)
        _remove_leftovers(layout)


def node_count(layout: ClusterLayout) -> int:
    file = layout.state / "nodes.json"
    return int(json.loads(file.read_text())) if file.exists() else 0


def status(name: str) -> dict[str, object]:
    """Where everything is; `running` only when the API server answers."""
    layout = ClusterLayout(name)
    pids = {path.stem: path for path in layout.state.glob("**/processes/*.json")}
    count = node_count(layout)
    running = count > 0 and bool(running_pids(name)) and succeeds(*kubectl(layout), "get", "--raw", "/readyz")
    if not running:
        return {"name": name, "running": False}
    access_key, secret_key = services.s3_credentials(layout)
    return {
        "name": name,
        "running": True,
        "kubeconfig": str(layout.kubeconfig),
        "binaries": str(binaries.folder()),
        "apiServer": layout.api_server,
        "s3": {
            "endpoint": layout.s3_endpoint,
            "accessKey": access_key,
            "secretKey": secret_key,
            "region": services.REGION,
        },
        "registry": layout.registry,
        "auditLog": str(layout.audit_log),
        "nodes": [item.name for item in layout.nodes(count)],
        "components": sorted(pids),
    }


def component(name: str, wanted: str) -> Component:
    """One restartable component of a running cluster, by its name."""
    layout, folder = ClusterLayout(name), binaries.folder()
    issuer = authority(layout)
    built = [
        services.object_store(layout, folder),
        services.registry(layout),
        services.dns(layout, folder, issuer),
        control_plane.etcd(layout, folder),
        control_plane.api_server(layout, folder, issuer),
        control_plane.controller_manager(layout, folder, issuer),
        control_plane.scheduler(layout, folder, issuer),
        node.containerd(layout.first_node, layout.registry),
        node.kubelet(layout, layout.first_node, folder, issuer),
        node.kube_proxy(layout, layout.first_node, folder, issuer),
    ]
    by_name = {item.name: item for item in built}
    if wanted not in by_name:
        raise LocalClusterError(f"there is no component '{wanted}'; choose from: {', '.join(sorted(by_name))}")
    return by_name[wanted]


def clean() -> None:
    """Undoes everything on the host: clusters, then caches. Debian packages stay."""
    from local_cluster import mounts
    from local_cluster.machine_lock import known_clusters

    for name in known_clusters():
        down(name)
    if (cache_root() / "buildah").exists():
        succeeds(*images.buildah(), "rm", "--all")
    for folder in (cache_root(), RUNTIME_ROOT):
        mounts.unmount_below(folder)
    for folder in (cache_root(), RUNTIME_ROOT, Path("/var/lib/sft-local-cluster")):
        shutil.rmtree(folder, ignore_errors=True)
    say(f"removed {cache_root()}, {RUNTIME_ROOT} and /var/lib/sft-local-cluster")
