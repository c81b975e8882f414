"""A whole cluster: up, down, status. `up` is idempotent and also succeeds after a run that was killed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence

from local_cluster import (
    binaries,
    cgroups,
    control_plane,
    host,
    images,
    kernel,
    kubeconfig,
    network,
    node,
    packages,
    removal,
    services,
)
from local_cluster.certificates import authority
from local_cluster.changes import host_changes
from local_cluster.command import run, succeeds
from local_cluster.console import LocalClusterError, say
from local_cluster.layout import ClusterLayout, NodeLayout, all_possible_nodes
from local_cluster.machine_lock import claim, refuse_if_foreign, refuse_if_taken, running_pids
from local_cluster.process import Component

START_SECONDS = 120.0
"""API server and node are ready within 15 s on two cores; this allows for a machine that does something else."""


def announce_changes(layout: ClusterLayout, new_nodes: Sequence[NodeLayout], missing: Sequence[str]) -> None:
    """Says what this will do to the host, before it does it; nothing when it does nothing."""
    changes = host_changes(layout, new_nodes, missing)
    if not changes:
        return
    say(f"cluster '{layout.name}'. Changes to this host:")
    for change in changes:
        say(f"- {change}")
    say("`make clean` undoes all of it but the packages; docs/local_cluster.md says more")


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
    cache = layout.state / "kubectl-cache"  # not in the user's home, where `down` would not find it
    return (str(binaries.folder() / "kubectl"), "--kubeconfig", str(layout.kubeconfig), "--cache-dir", str(cache))


def up(name: str, wanted_nodes: int, fake_gpus: int) -> None:
    """Starts what does not run."""
    layout = ClusterLayout(name)
    nodes = layout.nodes(max(wanted_nodes, node_count(layout)))
    host.check(nodes)
    refuse_if_taken(name)
    missing, goes_on = packages.missing(), _is_usable(layout)
    announce_changes(layout, [item for item in nodes if not (goes_on and item.state.exists())], missing)
    packages.install(missing)
    if not goes_on:
        removal.remove_leftovers(layout)
    network.require_free(nodes)
    kernel.require()
    binaries.build_all()
    claim(name)
    for item in nodes:
        network.create(item)
    if len(nodes) > 1:
        network.connect(nodes)
    _start_control_plane(layout)
    for item in nodes:
        _start_node(layout, item)
    _set_fake_gpus(layout, nodes, fake_gpus)
    (layout.state / "nodes.json").write_text(json.dumps(len(nodes)))
    say(f"cluster '{name}' is up: export KUBECONFIG={layout.kubeconfig}")


def _is_usable(layout: ClusterLayout) -> bool:
    """Whether a start can go on from what runs. Processes whose network is gone cannot be reached any more."""
    started = [item for item in all_possible_nodes(layout.name) if item.state.exists()]
    return bool(running_pids(layout.name)) and all(network.is_up(item) for item in started)


def _start_control_plane(layout: ClusterLayout) -> None:
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


def _as_list(objects: Sequence[Mapping[str, object]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def _start_node(layout: ClusterLayout, item: NodeLayout) -> None:
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
    amount = {"nvidia.com/gpu": str(count) if count else None}  # null takes away what an earlier `up` gave
    patch = json.dumps({"status": {"capacity": amount, "allocatable": amount}})
    for item in nodes:
        run(*kubectl(layout), "patch", "node", item.name, "--subresource=status", "--type=merge", "-p", patch)


def require_running(name: str) -> ClusterLayout:
    """The layout of a cluster of this clone that runs; raises for one that does not, or is another's."""
    refuse_if_foreign(name)
    layout = ClusterLayout(name)
    if node_count(layout) == 0:
        raise LocalClusterError(f"cluster '{name}' does not run; start it: python -m local_cluster up --name {name}")
    return layout


def node_count(layout: ClusterLayout) -> int:
    """How many nodes the last complete `up` started."""
    file = layout.state / "nodes.json"
    return int(json.loads(file.read_text())) if file.exists() else 0


def status(name: str) -> dict[str, object]:
    """Where everything is; `running` only when the API server answers."""
    layout = ClusterLayout(name)
    pids = {path.stem: path for path in layout.state.glob("**/processes/*.json")}
    count = node_count(layout)
    if count == 0 or not running_pids(name):
        return {"name": name, "running": False}
    host.require_root()  # only root may read its keys
    if not (binaries.folder() / "kubectl").exists():
        say(f"cluster '{name}' runs programs of other versions than this tree pins; `up` builds these and goes on with them")
    if not succeeds(*kubectl(layout), "get", "--raw", "/readyz"):
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
    layout, folder = require_running(name), binaries.folder()
    issuer, first = authority(layout), layout.first_node
    # Made only when asked for: making one writes its configuration files.
    makers: dict[str, Callable[[], Component]] = {
        "s3": lambda: services.object_store(layout, folder),
        "registry": lambda: services.registry(layout),
        "coredns": lambda: services.dns(layout, folder, issuer),
        "etcd": lambda: control_plane.etcd(layout, folder),
        "kube-apiserver": lambda: control_plane.api_server(layout, folder, issuer),
        "kube-controller-manager": lambda: control_plane.controller_manager(layout, folder, issuer),
        "kube-scheduler": lambda: control_plane.scheduler(layout, folder, issuer),
        "containerd": lambda: node.containerd(first, layout.registry),
        "kubelet": lambda: node.kubelet(layout, first, folder, issuer),
        "kube-proxy": lambda: node.kube_proxy(layout, first, folder, issuer),
    }
    if wanted not in makers:
        raise LocalClusterError(f"there is no component '{wanted}'; choose from: {', '.join(sorted(makers))}")
    return makers[wanted]()
