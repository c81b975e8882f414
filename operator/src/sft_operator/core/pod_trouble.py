"""Why a pod does not run, in words its user can act on.

A pod that waits does so quietly: the scheduler, the kubelet and the Job controller each say why in another place. After
a short patience all of them are read, so that no object is ever just "Pending".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sft_operator.api.reasons import Reason
from sft_operator.api.training_profile import Resources, TrainingResources
from sft_operator.core.observed import ChildJob, Children, Pod, Profile, Warned
from sft_trainer.contract import AUTHORIZATION_KEY, CREDENTIAL_KEYS, HUB_TOKEN_KEY

PATIENCE_SECONDS = 20
"""Pulling an image that is on the node and mounting its volumes takes a few seconds."""
LOOK_AGAIN_SECONDS = 20
"""Events are not watched: what they say of a pod that waits is read this often."""
PULL_FAILURES = {"ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"}
QUIET_WAITING = {"", "ContainerCreating", "PodInitializing"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps a pod from running."""

    reason: str
    message: str


def is_running(pods: Sequence[Pod]) -> bool:
    """Whether a pod's container was started."""
    return any(pod.phase in ("Running", "Succeeded", "Failed") for pod in pods)


def waits_since(job: ChildJob, pods: Sequence[Pod]) -> datetime:
    """Since when the Job has nothing that runs."""
    return max((pod.created_at for pod in pods), default=job.created_at)


def is_overdue(job: ChildJob, pods: Sequence[Pod], now: datetime) -> bool:
    """Whether a pod should run by now, and does not."""
    return not is_running(pods) and now - waits_since(job, pods) >= timedelta(seconds=PATIENCE_SECONDS)


def look_again_seconds(job: ChildJob, pods: Sequence[Pod], now: datetime) -> float:
    """When to look at a pod that does not run: the moment it is overdue, and from then on regularly."""
    if is_overdue(job, pods, now):
        return LOOK_AGAIN_SECONDS
    return PATIENCE_SECONDS - (now - waits_since(job, pods)).total_seconds()


def of_job(job: ChildJob, children: Children, request: Request, now: datetime) -> Trouble | None:
    """What keeps the Job's pod from running, once it should run; None if nothing says so yet."""
    return find_trouble(job, children, request) if is_overdue(job, children.pods_of(job.uid), now) else None


def find_trouble(job: ChildJob, children: Children, request: Request) -> Trouble | None:
    """The first thing found that keeps the Job's pod from running; None if nothing says so yet."""
    pods = children.pods_of(job.uid)
    for pod in pods:
        if trouble := _of_pod(pod, request) or _of_mount(pod, children.warnings, request):
            return trouble
    if pods:
        return None
    refused = next((w for w in children.warnings if w.about_uid == job.uid and w.reason == "FailedCreate"), None)
    if refused is None:
        return None
    return Trouble(Reason.POD_REFUSED, f"The cluster refused the pod: {refused.message}")


@dataclass(frozen=True, slots=True)
class Request:
    """What the pod was given, to be named when it is missing."""

    namespace: str
    profile: Profile | None
    """None when the profile is no longer there."""
    trains: bool
    """Whether it has the profile's resources for training, or those for preparation."""

    def in_words(self) -> str:
        """What the profile asks of a node."""
        if self.profile is None:
            return "The TrainingProfile it was made from is gone"
        spec = self.profile.spec
        resources: Resources = spec.resources if self.trains else spec.preparation
        parts = [f"cpu {resources.cpu}", f"memory {resources.memory}"]
        if isinstance(resources, TrainingResources) and resources.gpu:
            parts.append(f"{resources.gpu.resource_name} {resources.gpu.count}")
        if spec.scheduling.node_selector:
            parts.append("labels " + ",".join(f"{k}={v}" for k, v in sorted(spec.scheduling.node_selector.items())))
        return f"TrainingProfile '{self.profile.name}' asks for {', '.join(parts)}"


def _of_pod(pod: Pod, request: Request) -> Trouble | None:
    if pod.unschedulable:
        message = (
            f"No node can take the pod: {pod.unschedulable} {request.in_words()}; it starts by itself once a node has "
            "that free. Use another profile if none ever will"
        )
        return Trouble(Reason.UNSCHEDULABLE, message)
    if pod.waiting_reason in PULL_FAILURES:
        message = f"Node {pod.node} could not get the image ({pod.waiting_reason}): {pod.waiting_message}"
        return Trouble(Reason.IMAGE_PULL_FAILED, message)
    if pod.waiting_reason not in QUIET_WAITING:
        message = f"The kubelet on node {pod.node} cannot start the pod ({pod.waiting_reason}): {pod.waiting_message}"
        return Trouble(Reason.POD_REFUSED, message)
    return None


def _of_mount(pod: Pod, warnings: Sequence[Warned], request: Request) -> Trouble | None:
    failed = next((w for w in warnings if w.about_uid == pod.uid and w.reason == "FailedMount"), None)
    if failed is None:
        return None
    if missing := re.search(r'secrets? "([^"]+)" not found', failed.message):
        name = missing[1]
        message = (
            f"Secret '{name}' was not found in namespace '{request.namespace}'; {_who_expects(name, request)}. "
            "Create it, and the pod starts by itself"
        )
        return Trouble(Reason.SECRET_NOT_FOUND, message)
    if missing := re.search(r'configmap "([^"]+)" not found', failed.message):
        message = (
            f"ConfigMap '{missing[1]}' was not found in namespace '{request.namespace}'; the pod mounts it. "
            "Create it, or correct the name in the source, and the pod starts by itself"
        )
        return Trouble(Reason.CONFIG_MAP_NOT_FOUND, message)
    if missing := re.search(r"references non-existent secret key: (\S+)", failed.message):
        message = (
            f"A Secret that the pod mounts in namespace '{request.namespace}' lacks the key {missing[1]}. "
            "Add it, and the pod starts by itself"
        )
        return Trouble(Reason.SECRET_NOT_FOUND, message)
    return Trouble(Reason.POD_REFUSED, f"Node {pod.node} could not mount a volume of the pod: {failed.message}")


def _who_expects(secret_name: str, request: Request) -> str:
    profile = request.profile
    if profile and any(location.secret_name == secret_name for location in profile.spec.locations):
        return f"TrainingProfile '{profile.name}' expects it there with the keys {' and '.join(CREDENTIAL_KEYS)}"
    return (
        f"the spec names it. It must have the keys {' and '.join(CREDENTIAL_KEYS)} for an object store, "
        f"{AUTHORIZATION_KEY} for a URL, {HUB_TOKEN_KEY} for a hub"
    )
