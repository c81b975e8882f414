"""etcd, API server, controller manager and scheduler."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from local_cluster import kubeconfig
from local_cluster.certificates import Authority, Identity
from local_cluster.layout import ClusterLayout
from local_cluster.process import Component

SERVICE_SUBNET = "10.96.0.0/16"
KUBERNETES_SERVICE = "10.96.0.1"
ADMIN = Identity("admin", "local-admin", "system:masters")
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    # Who wrote what: enough to show that an idle operator writes nothing. Reads would drown it.
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io"}]},
        {"level": "Metadata"},
    ],
}


def _component(layout: ClusterLayout, name: str, *command: str | Path, files: Sequence[Path] = ()) -> Component:
    return Component(name, [str(part) for part in command], layout.state, layout.first_node.namespace, files=files)


def etcd(layout: ClusterLayout, binaries: Path) -> Component:
    """One member on the namespace's own loopback. No fsync: this data is made anew in seconds."""
    data = layout.state / "etcd"
    urls = ("--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379")
    peers = ("--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380")
    cluster = ("--name=default", "--initial-cluster=default=http://127.0.0.1:2380", "--log-level=warn")
    return _component(layout, "etcd", binaries / "etcd", f"--data-dir={data}", *urls, *peers, *cluster, "--unsafe-no-fsync")


def api_server(layout: ClusterLayout, binaries: Path, authority: Authority) -> Component:
    """Serves on the inner address of the namespace; loopback may not be advertised to pods."""
    hosts = (
        "127.0.0.1",
        KUBERNETES_SERVICE,
        layout.address,
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
    )
    certificate, key = authority.issue(Identity("api-server", "kube-apiserver", hosts=hosts))
    kubelet_certificate, kubelet_key = authority.issue(Identity("api-server-kubelet", "kube-apiserver-kubelet", "system:masters"))
    public, private = authority.service_account_keys()
    policy = layout.state / "audit-policy.json"
    policy.write_text(json.dumps(AUDIT_POLICY))
    layout.logs.mkdir(parents=True, exist_ok=True)
    return _component(
        layout,
        "kube-apiserver",
        binaries / "kube-apiserver",
        "--etcd-servers=http://127.0.0.1:2379",
        f"--advertise-address={layout.address}",
        "--secure-port=6443",
        f"--service-cluster-ip-range={SERVICE_SUBNET}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--client-ca-file={authority.certificate}",
        f"--kubelet-client-certificate={kubelet_certificate}",
        f"--kubelet-client-key={kubelet_key}",
        # Without it `kubectl logs` looks the node's name up in DNS.
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={public}",
        f"--service-account-signing-key-file={private}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={layout.audit_log}",
        "--profiling=false",
        files=(policy,),
    )


def controller_manager(layout: ClusterLayout, binaries: Path, authority: Authority) -> Component:
    """With the limits raised that would otherwise be what a test of scale measures."""
    config = kubeconfig.write(layout, authority, Identity("controller-manager", "system:kube-controller-manager"))
    _, private = authority.service_account_keys()
    return _component(
        layout,
        "kube-controller-manager",
        binaries / "kube-controller-manager",
        f"--kubeconfig={config}",
        f"--service-account-private-key-file={private}",
        f"--root-ca-file={authority.certificate}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--bind-address=127.0.0.1",
    )


def scheduler(layout: ClusterLayout, binaries: Path, authority: Authority) -> Component:
    """The default scheduler."""
    config = kubeconfig.write(layout, authority, Identity("scheduler", "system:kube-scheduler"))
    return _component(
        layout,
        "kube-scheduler",
        binaries / "kube-scheduler",
        f"--kubeconfig={config}",
        "--leader-elect=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--bind-address=127.0.0.1",
    )
