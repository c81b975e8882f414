"""One node: containerd, kubelet and kube-proxy in the node's own network namespace."""

from __future__ import annotations

import json
from pathlib import Path

from local_cluster import kubeconfig
from local_cluster.certificates import Authority, Identity
from local_cluster.images import PAUSE_IMAGE
from local_cluster.layout import ClusterLayout, NodeLayout
from local_cluster.process import Component

CNI_PLUGINS = "/usr/lib/cni"


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
    return Component("containerd", ["containerd", "--config", str(config)], node.state, node.namespace, files=(config,))


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
    return Component("kubelet", command, node.state, node.namespace, files=(config,))


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
    return Component("kube-proxy", [str(binaries / "kube-proxy"), f"--config={file}"], node.state, node.namespace, files=(file,))
