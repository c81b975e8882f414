"""Why a pod does not run, in words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from sft_operator.core import pod_trouble
from sft_operator.core.observed import ChildJob, Children, Pod, Profile, Warned
from sft_operator.core.pod_trouble import PATIENCE_SECONDS, Request
from tests.unit.operator.core.worlds import NOW, pod, profile

JOB = ChildJob("job", "job", NOW)
PENDING = pod("job", node="node-1")
GPUS = {"cpu": "4", "memory": "8Gi", "disk": "10Gi", "gpu": {"count": 2}}
GPU_PROFILE = profile("gpu", resources=GPUS, scheduling={"nodeSelector": {"pool": "a100"}})


def warned(reason: str, message: str, about: str = PENDING.uid) -> tuple[Warned, ...]:
    return (Warned(about, reason, message),)


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    reason: str
    words: tuple[str, ...]
    pods: tuple[Pod, ...] = (PENDING,)
    warnings: tuple[Warned, ...] = ()
    profile: Profile | None = field(default=GPU_PROFILE)
    trains: bool = True


MOUNT = "MountVolume.SetUp failed for volume"
CASES = [
    Case(
        "no node has the GPUs",
        "Unschedulable",
        ("Insufficient nvidia.com/gpu", "'gpu' asks for cpu 4, memory 8Gi, nvidia.com/gpu 2, labels pool=a100"),
        (replace(PENDING, unschedulable="0/3 nodes are available: 3 Insufficient nvidia.com/gpu."),),
    ),
    Case(
        "no node has the memory that preparation needs",
        "Unschedulable",
        ("asks for cpu 500m, memory 1Gi, labels pool=a100",),
        (replace(PENDING, unschedulable="0/3 nodes are available: 3 Insufficient memory."),),
        trains=False,
    ),
    Case(
        "no node, and the profile is gone",
        "Unschedulable",
        ("The TrainingProfile it was made from is gone",),
        (replace(PENDING, unschedulable="0/3 nodes are available."),),
        profile=None,
    ),
    Case(
        "the image is not there",
        "ImagePullFailed",
        ("node-1", "ImagePullBackOff", "no such image"),
        (replace(PENDING, waiting_reason="ImagePullBackOff", waiting_message="no such image"),),
    ),
    Case(
        "the container cannot be made",
        "PodRefused",
        ("CreateContainerConfigError", "runAsNonRoot"),
        (replace(PENDING, waiting_reason="CreateContainerConfigError", waiting_message="runAsNonRoot"),),
    ),
    Case(
        "the profile's Secret is not there",
        "SecretNotFound",
        ("Secret 's3' was not found in namespace 'team-a'", "TrainingProfile 'gpu' expects it there", "Create it"),
        warnings=warned("FailedMount", f'{MOUNT} "inputs" : secret "s3" not found'),
    ),
    Case(
        "the user's Secret is not there",
        "SecretNotFound",
        ("Secret 'mine' was not found", "the spec names it"),
        warnings=warned("FailedMount", f'{MOUNT} "inputs" : secret "mine" not found'),
    ),
    Case(
        "a Secret lacks a key",
        "SecretNotFound",
        ("lacks the key AWS_SECRET_ACCESS_KEY", "Add it"),
        warnings=warned("FailedMount", f'{MOUNT} "inputs" : references non-existent secret key: AWS_SECRET_ACCESS_KEY'),
    ),
    Case(
        "a ConfigMap with rows is not there",
        "ConfigMapNotFound",
        ("ConfigMap 'my-rows' was not found in namespace 'team-a'", "correct the name in the source"),
        warnings=warned("FailedMount", f'{MOUNT} "rows-0" : configmap "my-rows" not found'),
    ),
    Case(
        "another volume cannot be mounted",
        "PodRefused",
        ("could not mount a volume", "device is busy"),
        warnings=warned("FailedMount", "device is busy"),
    ),
    Case(
        "the Job may have no pod",
        "PodRefused",
        ("exceeded quota",),
        pods=(),
        warnings=warned("FailedCreate", "exceeded quota: pods", about="job"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_keeps_a_pod_from_running_is_named(case: Case) -> None:
    children = Children([JOB], case.pods, case.warnings)
    request = Request("team-a", case.profile, trains=case.trains)
    assert pod_trouble.of_job(JOB, children, request, NOW + timedelta(seconds=PATIENCE_SECONDS - 1)) is None
    trouble = pod_trouble.of_job(JOB, children, request, NOW + timedelta(seconds=PATIENCE_SECONDS))
    assert trouble is not None
    assert trouble.reason == case.reason
    for words in case.words:
        assert words in trouble.message


@pytest.mark.parametrize(
    ("pods", "warnings"),
    [
        pytest.param((PENDING,), (), id="nobody says why"),
        pytest.param((), (), id="no pod yet, and nobody says why"),
        pytest.param((replace(PENDING, waiting_reason="ContainerCreating"),), (), id="on its way"),
        pytest.param((PENDING,), warned("FailedMount", "x", about="another-pod"), id="another pod's trouble"),
        pytest.param((PENDING,), warned("BackOff", "x"), id="a warning of another kind"),
        pytest.param((replace(PENDING, phase="Running", unschedulable="x"),), (), id="it runs"),
    ],
)
def test_nothing_is_made_up(pods: tuple[Pod, ...], warnings: tuple[Warned, ...]) -> None:
    request = Request("team-a", GPU_PROFILE, trains=True)
    assert pod_trouble.of_job(JOB, Children([JOB], pods, warnings), request, NOW + timedelta(hours=1)) is None


@pytest.mark.parametrize(("age_seconds", "again"), [(0, 20), (13, 7), (19.5, 0.5), (20, 20), (600, 20)])
def test_a_waiting_pod_is_looked_at_the_moment_it_is_overdue(age_seconds: float, again: float) -> None:
    now = NOW + timedelta(seconds=age_seconds)
    assert pod_trouble.look_again_seconds(JOB, [PENDING], now) == again
