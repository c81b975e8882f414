"""The least manifest of each kind, and ways to change one."""

from __future__ import annotations

import copy
from typing import Any

API_VERSION = "sft-operator.io/v1alpha1"
Manifest = dict[str, Any]
ABSENT = object()
"""Value that takes a field away."""


def training_profile(name: str = "cpu") -> Manifest:
    resources = {"cpu": "2", "memory": "8Gi", "disk": "20Gi"}
    spec = {
        "allowedNamespaces": ["*"],
        "resources": dict(resources),
        "preparation": dict(resources),
        "locations": [{"uri": "s3://tuned/", "access": "ReadWrite"}],
    }
    return {"apiVersion": API_VERSION, "kind": "TrainingProfile", "metadata": {"name": name}, "spec": spec}


def instruction_dataset(name: str = "faq") -> Manifest:
    spec = {
        "sources": [{"name": "desk", "s3": {"uri": "s3://raw/faq/"}}],
        "contamination": {"sources": [{"name": "exam", "s3": {"uri": "s3://raw/exam/"}}]},
    }
    return {"apiVersion": API_VERSION, "kind": "InstructionDataset", "metadata": {"name": name}, "spec": spec}


def sft_job(name: str = "bot") -> Manifest:
    spec = {"model": {"s3": {"uri": "s3://models/small/"}}, "datasets": [{"name": "faq"}]}
    return {"apiVersion": API_VERSION, "kind": "SFTJob", "metadata": {"name": name}, "spec": spec}


MINIMAL = {"TrainingProfile": training_profile, "InstructionDataset": instruction_dataset, "SFTJob": sft_job}


def changed(manifest: Manifest, path: str, value: Any) -> Manifest:
    """A copy with the field at the dotted `path` set to `value`; numbers in the path are indexes."""
    result: Manifest = copy.deepcopy(manifest)
    *parents, last = path.split(".")
    node: Any = result
    for name in parents:
        node = node[int(name)] if isinstance(node, list) else node.setdefault(name, {})
    if value is ABSENT:
        del node[last]
    elif isinstance(node, list):
        node[int(last)] = value
    else:
        node[last] = value
    return result


def in_namespace(manifest: Manifest, namespace: str) -> Manifest:
    """A copy that lives in `namespace`; a profile lives in none."""
    if manifest["kind"] == "TrainingProfile":
        return manifest
    return manifest | {"metadata": manifest["metadata"] | {"namespace": namespace}}
