"""The ConfigMap that hands a pod its config. It is immutable: a pod never sees its config change under it."""

from __future__ import annotations

from typing import Any

from sft_operator.core.manifests.job import JobRequest, metadata
from sft_operator.core.observed import ChildJob

CONFIG_KEY = "config.json"


def build_config_map(request: JobRequest) -> dict[str, Any]:
    """The ConfigMap of a Job, under the Job's name."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(request),
        "immutable": True,
        "data": {CONFIG_KEY: request.config.to_json()},
    }


def handed_over_to(job: ChildJob) -> dict[str, Any]:
    """The patch by which the ConfigMap goes when its Job goes. Before there is a Job it goes with the parent."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job.name, "uid": job.uid, "controller": True}
    return {"metadata": {"ownerReferences": [owner]}}
