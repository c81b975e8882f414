"""Installs the operator's chart as a platform team would: images, one CPU profile, and the locations jobs may use."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from demo.cluster import AnyCluster
from demo.kubectl import KubectlError, run_client

REPOSITORY = Path(__file__).resolve().parent.parent
CHART = REPOSITORY / "charts" / "sft-operator"
NAMESPACE = "sft-system"
RELEASE = "sft-operator"
SECRET_NAME = "object-store"  # noqa: S105 - the name of a Secret, not a secret
DEMO_LABEL = {"app.kubernetes.io/created-by": "sft-demo"}
RAW_BUCKET, MODEL_BUCKET, OUTPUT_BUCKET = "raw", "models", "tuned"


def cpu_profile(cluster: AnyCluster) -> dict[str, Any]:
    """A profile for a machine without GPUs: the node has 2 cores, of which the control plane needs its share."""
    store = {"endpoint": cluster.store.endpoint, "region": cluster.store.region, "secretName": SECRET_NAME}
    return {
        "default": True,
        "allowedNamespaces": ["*"],
        "resources": {"cpu": "1500m", "memory": "6Gi", "disk": "20Gi"},
        "preparation": {"cpu": "250m", "memory": "1Gi", "disk": "5Gi"},
        # The machine's own S3 server, for those who name it beside keys of their own.
        "network": {"allowedPrivateHosts": [urlsplit(cluster.store.endpoint).hostname]},
        "locations": [
            {"uri": f"s3://{RAW_BUCKET}/", "access": "Read", **store},
            {"uri": f"s3://{MODEL_BUCKET}/", "access": "Read", **store},
            {"uri": f"s3://{OUTPUT_BUCKET}/", "access": "ReadWrite", **store},
        ],
    }


def split_reference(reference: str) -> dict[str, str]:
    """`registry:port/name:tag` as the chart's values take it."""
    repository, tag = reference.rsplit(":", 1)
    return {"repository": repository, "tag": tag}


def install_chart(cluster: AnyCluster, images: Mapping[str, str], profiles: Mapping[str, Any]) -> None:
    """CRDs first, because Helm never upgrades them; then `helm upgrade --install`, and waits until the operator is ready."""
    cluster.kubectl.run("apply", "--server-side", "--force-conflicts", "-f", str(REPOSITORY / "crds"))
    values = {
        "image": {name: split_reference(reference) for name, reference in images.items()},
        "profiles": dict(profiles),
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(values, file)
        file.flush()
        release = ("upgrade", "--install", RELEASE, str(CHART), "-n", NAMESPACE, "--create-namespace")
        done = run_client(cluster.helm, cluster.kubectl.kubeconfig, *release, "-f", file.name, "--wait", "--timeout", "180s")
    if done.returncode != 0:
        raise KubectlError(f"helm could not install the chart: {done.stderr.strip()}")


def open_namespace(cluster: AnyCluster, namespace: str) -> None:
    """Gives a team its namespace, with the Secret that the profile expects there."""
    secret = {"AWS_ACCESS_KEY_ID": cluster.store.access_key, "AWS_SECRET_ACCESS_KEY": cluster.store.secret_key}
    cluster.kubectl.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": dict(DEMO_LABEL)}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET_NAME, "namespace": namespace},
            "stringData": secret,
        },
    )
