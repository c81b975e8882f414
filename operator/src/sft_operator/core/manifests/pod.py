"""The pod template of every Job: one container, everything in it decided here.

No part of a user's spec becomes a command, an environment variable, a volume or a pod field. A user's words reach the
pod in its config file alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sft_operator.api.training_profile import Resources, Scheduling, TrainingResources
from sft_operator.core.manifests.security_context import container_security_context, pod_security_context
from sft_trainer.contract import (
    CONFIG_MAPS_ROOT,
    CONFIG_PATH,
    CREDENTIAL_KEYS,
    CREDENTIALS_ROOT,
    OPTIONAL_CREDENTIAL_KEYS,
    POD_UID_VARIABLE,
    PROGRESS_PORT,
    SCRATCH_PATH,
    TERMINATION_LOG_PATH,
)

CONTAINER = "main"
INPUTS_FOLDER, CONFIG_FILE = CONFIG_PATH.rsplit("/", 1)
CREDENTIALS_FOLDER = CREDENTIALS_ROOT.removeprefix(f"{INPUTS_FOLDER}/")
SHARED_MEMORY_LIMIT = "1Gi"
"""Data loader workers and NCCL pass tensors through /dev/shm; a runtime's usual 64 MiB make them fail."""
TEMPORARY_LIMIT = "1Gi"
"""The folder for temporary files is for sockets and small ones; everything large belongs on the scratch volume."""
INPUT_FILE_MODE = 0o440
"""Readable by the pod's group alone, to which fsGroup gives the files."""


@dataclass(frozen=True, slots=True, order=True)
class SecretKey:
    """One key of a Secret, as a file."""

    secret_name: str
    key: str

    @property
    def path(self) -> str:
        """Where the pod finds it."""
        return f"{CREDENTIALS_ROOT}/{self.secret_name}/{self.key}"


def config_map_folder(name: str) -> str:
    """Where the pod finds the keys of a ConfigMap with rows."""
    return f"{CONFIG_MAPS_ROOT}/{name}"


@dataclass(frozen=True, slots=True)
class PodRequest:
    """What a pod is made of."""

    image: str
    pull_policy: str
    command: str
    """First argument of the image's entry point: prepare, check-sources, plan or train."""
    config_map: str
    secret_names: Sequence[str]
    """Secrets with the keys of an object store."""
    resources: Resources
    scheduling: Scheduling
    grace_seconds: int
    image_pull_secrets: Sequence[str] = ()
    tokens: Sequence[SecretKey] = ()
    row_config_maps: Sequence[str] = ()
    """ConfigMaps with rows."""


def build_pod_template(request: PodRequest, labels: dict[str, str]) -> dict[str, Any]:
    """The template of a Job's one pod."""
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": request.grace_seconds,
        "securityContext": pod_security_context(),
        "containers": [_container(request)],
        "volumes": _volumes(request),
        **_placement(request.scheduling),
    }
    if request.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in request.image_pull_secrets]
    return {"metadata": {"labels": labels}, "spec": spec}


def _container(request: PodRequest) -> dict[str, Any]:
    mounts = [
        {"name": "inputs", "mountPath": INPUTS_FOLDER, "readOnly": True},
        {"name": "scratch", "mountPath": SCRATCH_PATH},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 a volume of the pod's own
    ]
    for number, name in enumerate(request.row_config_maps):
        mounts.append({"name": _row_volume(number), "mountPath": config_map_folder(name), "readOnly": True})
    if _trains(request):
        mounts.append({"name": "shared-memory", "mountPath": "/dev/shm"})  # noqa: S108 likewise
    return {
        "name": CONTAINER,
        "image": request.image,
        "imagePullPolicy": request.pull_policy,
        "args": [request.command],
        "env": _environment(request),
        "ports": [{"name": "progress", "containerPort": PROGRESS_PORT, "protocol": "TCP"}],
        "resources": _resources(request.resources),
        "securityContext": container_security_context(),
        "terminationMessagePath": TERMINATION_LOG_PATH,
        "terminationMessagePolicy": "File",
        "volumeMounts": mounts,
    }


def _trains(request: PodRequest) -> bool:
    return isinstance(request.resources, TrainingResources)


def _environment(request: PodRequest) -> list[dict[str, Any]]:
    return [
        {"name": POD_UID_VARIABLE, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}}},
        # Libraries would start a thread for each core of the node, whatever the pod was given.
        {"name": "OMP_NUM_THREADS", "value": str(whole_cpus(request.resources.cpu))},
        {"name": "HOME", "value": SCRATCH_PATH},
        {"name": "HF_HOME", "value": f"{SCRATCH_PATH}/huggingface"},
        {"name": "HF_HUB_OFFLINE", "value": "1"},
        {"name": "HF_HUB_DISABLE_TELEMETRY", "value": "1"},
    ]


def whole_cpus(quantity: str) -> int:
    """The CPUs of a quantity such as `1500m`, rounded up."""
    cpus = Decimal(quantity[:-1]) / 1000 if quantity.endswith("m") else Decimal(quantity)
    return max(1, math.ceil(cpus))


def _resources(resources: Resources) -> dict[str, Any]:
    """Memory is request and limit alike. The CPU has no limit: throttling would only leave idle cores unused."""
    requests: dict[str, str] = {"cpu": resources.cpu, "memory": resources.memory}
    limits = {"memory": resources.memory}
    if isinstance(resources, TrainingResources) and resources.gpu:
        limits[resources.gpu.resource_name] = str(resources.gpu.count)
    return {"requests": requests, "limits": limits}


def _volumes(request: PodRequest) -> list[dict[str, Any]]:
    volumes: list[dict[str, Any]] = [
        {"name": "inputs", "projected": {"defaultMode": INPUT_FILE_MODE, "sources": _inputs(request)}},
        {"name": "scratch", "emptyDir": {"sizeLimit": request.resources.disk}},
        {"name": "tmp", "emptyDir": {"sizeLimit": TEMPORARY_LIMIT}},
    ]
    for number, name in enumerate(request.row_config_maps):
        volumes.append({"name": _row_volume(number), "configMap": {"name": name, "defaultMode": INPUT_FILE_MODE}})
    if _trains(request):
        volumes.append({"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": SHARED_MEMORY_LIMIT}})
    return volumes


def _row_volume(number: int) -> str:
    return f"rows-{number}"


def _inputs(request: PodRequest) -> list[dict[str, Any]]:
    """The config, and of each Secret the keys that the contract knows. Without a required one the pod does not start."""
    sources: list[dict[str, Any]] = [
        {"configMap": {"name": request.config_map, "items": [{"key": CONFIG_FILE, "path": CONFIG_FILE}]}}
    ]
    for name in request.secret_names:
        sources.append({"secret": {"name": name, "items": _key_files(name, CREDENTIAL_KEYS)}})
        optional = _key_files(name, OPTIONAL_CREDENTIAL_KEYS)
        sources.append({"secret": {"name": name, "items": optional, "optional": True}})
    for token in request.tokens:
        sources.append({"secret": {"name": token.secret_name, "items": _key_files(token.secret_name, [token.key])}})
    return sources


def _key_files(secret_name: str, keys: Sequence[str]) -> list[dict[str, str]]:
    return [{"key": key, "path": f"{CREDENTIALS_FOLDER}/{secret_name}/{key}"} for key in keys]


def _placement(scheduling: Scheduling) -> dict[str, Any]:
    placement: dict[str, Any] = {}
    if scheduling.node_selector:
        placement["nodeSelector"] = dict(scheduling.node_selector)
    if scheduling.tolerations:
        placement["tolerations"] = [
            toleration.model_dump(mode="json", by_alias=True, exclude_none=True) for toleration in scheduling.tolerations
        ]
    if scheduling.priority_class_name:
        placement["priorityClassName"] = scheduling.priority_class_name
    return placement
