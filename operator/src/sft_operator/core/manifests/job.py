"""The Job of one attempt: it runs its pod once and keeps how that ended.

Kubernetes must not repeat anything by itself: what follows from an end is decided in `core.retry_policy`. The
podFailurePolicy is there for its message: it names the exit code, and outlives the pod.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sft_operator.core import naming
from sft_operator.core.manifests.pod import CONTAINER, PodRequest, build_pod_template
from sft_operator.core.observed import Parent
from sft_trainer.contract import ExitCode, PlanConfig, PrepareConfig, RunConfig, SourceCheckConfig

FAILING_EXIT_CODES = sorted(
    {
        ExitCode.INVALID,
        ExitCode.OUT_OF_MEMORY,
        ExitCode.NON_FINITE_LOSS,
        ExitCode.STORE_UNAVAILABLE,
        ExitCode.CHECKPOINT_UNUSABLE,
        ExitCode.STORE_DENIED,
        ExitCode.STALLED,
        ExitCode.HARDWARE,
    }
)
"""Codes that only our programs return. Never 20, 137 or 143: a pod that is displaced returns those too, and its
DisruptionTarget may be set a moment later."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a Job is made of."""

    parent: Parent
    name: str
    run: int
    attempt: int
    config: PrepareConfig | SourceCheckConfig | PlanConfig | RunConfig
    pod: PodRequest


def metadata(request: JobRequest) -> dict[str, Any]:
    """Metadata of the Job and of its ConfigMap."""
    return {
        "name": request.name,
        "namespace": request.parent.namespace,
        "labels": _labels(request),
        "ownerReferences": [naming.owner_reference(request.parent)],
    }


def _labels(request: JobRequest) -> dict[str, str]:
    return naming.labels(request.parent, stage=request.pod.command, run=request.run, attempt=request.attempt)


def build_job(request: JobRequest) -> dict[str, Any]:
    """The Job. It is created once and never changed afterwards."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(request),
        "spec": {
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": 0,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": _pod_failure_policy(),
            "template": build_pod_template(request.pod, _labels(request)),
        },
    }


def _pod_failure_policy() -> dict[str, Any]:
    disrupted = {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    codes = [int(code) for code in FAILING_EXIT_CODES]
    failed = {
        "action": "FailJob",
        "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": codes},
    }
    return {"rules": [disrupted, failed]}
