"""One node: containerd, kubelet and kube-proxy in the node's own network namespace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from local_cluster import cgroups, kubeconfig, mounts, network
from local_cluster.certificates import Authority, Identity
from local_cluster.layout import ClusterLayout, NodeLayout
from local_cluster.process import Component, command_lines, kill_process

CNI_PLUGINS = "/usr/lib/cni"
CNI_RESULTS = Path("/var/lib/cni/results")
RUNC_STATE = Path("/run/containerd/runc/k8s.io")
CONTAINER_LOG_LINKS = Path("/var/log/containers")
PAUSE_IMAGE = "localhost/sft-pause:1"


def containerd_config(node: NodeLayout, registry: str) -> str:
    """containerd's settings, as TOML."""
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{node.image_store}"
state = "{node.runtime}/containerd"
[grpc]
  address = "{node.containerd_socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{node.runtime}/opt"
[{cri}]
  sandbox_image = "{PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE, runc dies when it lowers oom_score_adj.
  restrict_oom_score_adj = true
  # So that `down` finds the pods' network namespaces below a folder of ours.
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  [{cri}.containerd]
    snapshotter = "overlayfs"
    # The registry has the compressed layers; a second copy costs gigabytes.
    discard_unpacked_layers = true
  [{cri}.cni]
    bin_dir = "{CNI_PLUGINS}"
    conf_dir = "{node.state}/cni"
  [{cri}.registry.mirrors."{registry}"]
    endpoint = ["http://{registry}"]
"""


def cni_config(node: NodeLayout) -> str:
    """A bridge in the node's namespace; its name and leases are the node's own."""
    ipam = {
        "type": "host-local",
        "ranges": [[{"subnet": node.pod_subnet}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(node.runtime / "ipam"),
    }
    bridge = {
        "type": "bridge",
        "bridge": "pods0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": ipam,
    }
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, {"type": "loopback"}]})


def kubelet_config(node: NodeLayout, authority: Authority, dns_address: str) -> dict[str, object]:
    """KubeletConfiguration."""
    certificate, key = authority.issue(Identity(f"kubelet-{node.name}-serving", node.name, hosts=(node.name, node.address)))
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(certificate),
        "tlsPrivateKeyFile": str(key),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": node.cgroup,
        "failCgroupV1": False,
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{node.containerd_socket}",
        "clusterDNS": [dns_address],
        "clusterDomain": "cluster.local",
        "resolvConf": "/dev/null",
        # The root device of a container or microVM often has no filesystem entry; kubelet refuses to start then.
        "localStorageCapacityIsolation": False,
        # This is a guest on somebody's machine: it evicts only when the machine itself is in need.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 99,
        "imageGCLowThresholdPercent": 98,
        "imageMaximumGCAge": "0s",
        "containerLogMaxSize": "10Mi",
        "serializeImagePulls": False,
        "syncFrequency": "10s",
        "protectKernelDefaults": False,
        "podLogsDir": str(node.state / "pod-logs"),
        "volumePluginDir": str(node.state / "volume-plugins"),
    }


def containerd(node: NodeLayout, registry: str) -> Component:
    """The node's container runtime; its image store lies in the cache and survives `down`."""
    for folder in (node.state / "cni", node.runtime, node.image_store):
        folder.mkdir(parents=True, exist_ok=True)
    (node.state / "cni" / "10-pods.conflist").write_text(cni_config(node))
    config = node.state / "containerd.toml"
    config.write_text(containerd_config(node, registry))
    return Component("containerd", ["containerd", "--config", str(config)], node.state, node.namespace)


def kubelet(layout: ClusterLayout, node: NodeLayout, binaries: Path, authority: Authority) -> Component:
    """The node's agent."""
    config = node.state / "kubelet.json"
    config.write_text(json.dumps(kubelet_config(node, authority, layout.address)))
    identity = Identity(f"kubelet-{node.name}", f"system:node:{node.name}", "system:nodes")
    command = [
        str(binaries / "kubelet"),
        f"--config={config}",
        f"--kubeconfig={kubeconfig.write(layout, authority, identity)}",
        f"--root-dir={node.state / 'kubelet'}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
    ]
    return Component("kubelet", command, node.state, node.namespace)


def kube_proxy(layout: ClusterLayout, node: NodeLayout, binaries: Path, authority: Authority) -> Component:
    """Service addresses, by nftables inside the node's namespace."""
    identity = Identity(f"kube-proxy-{node.name}", "system:kube-proxy")
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(kubeconfig.write(layout, authority, identity))},
        "hostnameOverride": node.name,
        "clusterCIDR": "10.244.0.0/16",
        # The host's connection tracking limits are not ours to set.
        "conntrack": {"maxPerCore": 0, "tcpCloseWaitTimeout": "0s", "tcpEstablishedTimeout": "0s"},
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
    }
    file = node.state / "kube-proxy.json"
    file.write_text(json.dumps(config))
    return Component("kube-proxy", [str(binaries / "kube-proxy"), f"--config={file}"], node.state, node.namespace)


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
