"""A cluster of the user's own, named by KUBECONFIG: the demo runs there once it is told where images and object store are."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from demo.cluster import AnyCluster, ClusterUnusable, ObjectStoreAccess
from demo.installation import DEMO_LABEL
from demo.kubectl import Kubectl
from local_cluster.layout import STATE_ROOT

IMAGES = {"operator": "SFT_DEMO_OPERATOR_IMAGE", "data": "SFT_DEMO_DATA_IMAGE", "trainer": "SFT_DEMO_TRAINER_IMAGE"}
STORE = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")


def given_kubeconfig(environment: Mapping[str, str]) -> Path | None:
    """What KUBECONFIG names, unless that is an embedded cluster's."""
    named = environment.get("KUBECONFIG")
    return Path(named) if named and not Path(named).is_relative_to(STATE_ROOT) else None


def given_cluster(kubeconfig: Path, environment: Mapping[str, str]) -> AnyCluster:
    """The user's cluster; raises ClusterUnusable with all that was not said, as nothing happens to a cluster by accident."""
    missing = [name for name in (*IMAGES.values(), *STORE) if not environment.get(name)]
    if missing:
        raise ClusterUnusable(
            f"KUBECONFIG names a cluster of your own ({kubeconfig}). To install the operator and run the demo there, push the "
            "three images to a registry that it pulls from, have an S3 server that this machine and the pods reach, and set "
            f"{', '.join(missing)}. To run it on a local cluster of its own: env -u KUBECONFIG make demo"
        )
    endpoint, access_key, secret_key, region = (environment[name] for name in STORE)
    store = ObjectStoreAccess(endpoint, access_key, secret_key, region)
    return AnyCluster(Kubectl(_on_path("kubectl"), kubeconfig), _on_path("helm"), store)


def given_images(environment: Mapping[str, str]) -> dict[str, str]:
    """Reference by image name."""
    return {image: environment[variable] for image, variable in IMAGES.items()}


def _on_path(program: str) -> Path:
    found = shutil.which(program)
    if found is None:
        raise ClusterUnusable(f"{program} was not found on PATH; the demo needs it for a cluster of your own")
    return Path(found)


def refuse_namespace_of_others(cluster: AnyCluster, namespace: str) -> None:
    """The demo begins by deleting its namespace: it must be one that the demo made."""
    found = cluster.kubectl.get("namespace", namespace, namespace)
    if found and not DEMO_LABEL.items() <= found["metadata"].get("labels", {}).items():
        raise ClusterUnusable(
            f"the namespace '{namespace}' is there and was not made by the demo, which would delete it; "
            f"if nothing in it is needed: kubectl delete namespace {namespace}"
        )
