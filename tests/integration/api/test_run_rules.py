"""What defines a run freezes once the run is resolved, and thaws only for a greater `run`; on the real API server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sft_operator.api.sft_job import RUN_FIELDS
from tests.cluster import KubernetesCluster
from tests.integration.api.manifests import changed, in_namespace, instruction_dataset, sft_job

pytestmark = pytest.mark.integration

RESOLVED = {
    "profileName": "absent",
    "image": "registry/trainer:1",
    "model": {
        "uri": "s3://models/small/",
        "revision": "0" * 64,
        "weightFormat": "Safetensors",
        "architecture": "LlamaForCausalLM",
        "parameters": 1,
        "bytes": 1,
        "contextLength": 2048,
    },
    "datasets": [{"name": "faq", "digest": "0" * 64, "uri": "s3://tuned/faq/"}],
    "data": {
        "trainRows": 1,
        "evalRows": 0,
        "tokens": 9,
        "trainedTokens": 4,
        "truncatedRows": 0,
        "longestRowTokens": 9,
    },
    "precision": "FP32",
    "precisionReason": "no GPU",
    "maxSequenceLength": 1024,
    "totalSteps": 1,
    "outputURI": "s3://tuned/run/",
}
CHANGES: dict[str, Mapping[str, Any]] = {
    "profileName": {"profileName": "other"},
    "model": {"model": {"s3": {"uri": "s3://models/large/"}}},
    "datasets": {"datasets": [{"name": "faq"}, {"name": "manual"}]},
    "method": {"method": {"lora": {"rank": 32}}},
    "training": {"training": {"learningRate": "1e-5"}},
    "evaluation": {"evaluation": {"samples": {"prompts": ["Why?"]}}},
    "checkpoint": {"checkpoint": {"everySteps": 7}},
}
"""A change of each field that defines a run."""

Edit = Callable[[Mapping[str, Any]], tuple[bool, str]]


def patch(
    api: KubernetesCluster, namespace: str, kind: str, name: str, document: Mapping[str, Any], *flags: str
) -> tuple[bool, str]:
    """A merge patch: whether it was accepted, and the answer."""
    body = json.dumps(document)
    answer = api.kubectl("patch", kind, name, "-n", namespace, "--type=merge", "-p", body, *flags)
    return answer.returncode == 0, answer.stdout + answer.stderr


def create_job(api: KubernetesCluster, namespace: str, name: str, *, profile: str | None = "absent") -> None:
    """A job whose profile does not exist: an operator that is running here leaves its run alone."""
    manifest = sft_job(name)
    if profile:
        manifest = changed(manifest, "spec.profileName", profile)
    answer = api.apply(in_namespace(manifest, namespace))
    assert answer.returncode == 0, answer.stderr


def resolve(api: KubernetesCluster, namespace: str, name: str, *, run: int) -> None:
    """Writes what the operator writes once the plan is made."""
    status = {"status": {"run": run, "resolved": RESOLVED}}
    accepted, answer = patch(api, namespace, "sftjob", name, status, "--subresource=status")
    assert accepted, answer


def edit_of(api: KubernetesCluster, namespace: str, name: str, kind: str = "sftjob") -> Edit:
    def edit(spec: Mapping[str, Any]) -> tuple[bool, str]:
        return patch(api, namespace, kind, name, {"spec": spec}, "--dry-run=server")

    return edit


@pytest.fixture(scope="module")
def edit_resolved(api: KubernetesCluster, namespace: str) -> Edit:
    create_job(api, namespace, "resolved")
    resolve(api, namespace, "resolved", run=1)
    return edit_of(api, namespace, "resolved")


@pytest.fixture(scope="module")
def edit_without_profile(api: KubernetesCluster, namespace: str) -> Edit:
    create_job(api, namespace, "no-profile", profile=None)
    resolve(api, namespace, "no-profile", run=1)
    return edit_of(api, namespace, "no-profile")


@pytest.fixture(scope="module")
def edit_fresh(api: KubernetesCluster, namespace: str) -> Edit:
    create_job(api, namespace, "fresh")
    return edit_of(api, namespace, "fresh")


@pytest.fixture(scope="module")
def edit_planning(api: KubernetesCluster, namespace: str) -> Edit:
    create_job(api, namespace, "planning")
    accepted, answer = patch(api, namespace, "sftjob", "planning", {"status": {"run": 1}}, "--subresource=status")
    assert accepted, answer
    return edit_of(api, namespace, "planning")


@pytest.fixture(scope="module")
def edit_raised(api: KubernetesCluster, namespace: str) -> Edit:
    """Run 1 is resolved, and the user has asked for run 2, which the operator has not taken up."""
    create_job(api, namespace, "raised")
    resolve(api, namespace, "raised", run=1)
    accepted, answer = patch(api, namespace, "sftjob", "raised", {"spec": {"run": 2}})
    assert accepted, answer
    return edit_of(api, namespace, "raised")


def test_every_field_that_defines_a_run_is_tried_here() -> None:
    assert set(CHANGES) == set(RUN_FIELDS)


@pytest.mark.parametrize("field", CHANGES)
def test_a_resolved_run_refuses_the_change_and_says_how_to_train_again(edit_resolved: Edit, field: str) -> None:
    accepted, answer = edit_resolved(CHANGES[field])
    assert not accepted
    assert f"spec.{field}: Invalid value" in answer
    assert f"spec.{field} is part of run and may not change once the run is resolved; raise spec.run to train again" in answer


@pytest.mark.parametrize("field", CHANGES)
def test_the_same_change_with_a_greater_run_is_accepted(edit_resolved: Edit, field: str) -> None:
    accepted, answer = edit_resolved({"run": 2, **CHANGES[field]})
    assert accepted, answer


@pytest.mark.parametrize("field", CHANGES)
def test_a_typo_can_be_mended_before_the_operator_took_the_run_up(edit_fresh: Edit, field: str) -> None:
    accepted, answer = edit_fresh(CHANGES[field])
    assert accepted, answer


@pytest.mark.parametrize("field", CHANGES)
def test_a_typo_can_be_mended_while_the_plan_is_being_made(edit_planning: Edit, field: str) -> None:
    accepted, answer = edit_planning(CHANGES[field])
    assert accepted, answer


@pytest.mark.parametrize("field", CHANGES)
def test_a_new_run_can_be_mended_until_it_is_resolved_itself(edit_raised: Edit, field: str) -> None:
    accepted, answer = edit_raised(CHANGES[field])
    assert accepted, answer


def test_taking_an_optional_field_away_is_a_change(edit_resolved: Edit) -> None:
    accepted, answer = edit_resolved({"profileName": None})
    assert not accepted
    assert "spec.profileName is part of run" in answer


def test_adding_an_optional_field_is_a_change(edit_without_profile: Edit) -> None:
    accepted, answer = edit_without_profile({"profileName": "other"})
    assert not accepted
    assert "spec.profileName is part of run" in answer


def test_writing_a_default_out_is_no_change(edit_resolved: Edit) -> None:
    accepted, answer = edit_resolved({"training": {"epochs": 3}, "checkpoint": {"everySteps": 50}})
    assert accepted, answer


def test_limits_may_change_while_a_run_goes_on(edit_resolved: Edit) -> None:
    accepted, answer = edit_resolved({"limits": {"maxRetries": 9}})
    assert accepted, answer


def test_a_run_can_be_raised_alone(edit_resolved: Edit) -> None:
    accepted, answer = edit_resolved({"run": 5})
    assert accepted, answer


def test_a_run_never_falls(edit_raised: Edit) -> None:
    accepted, answer = edit_raised({"run": 1})
    assert not accepted
    assert "spec.run: Invalid value" in answer
    assert "spec.run must not fall" in answer


def test_the_new_run_freezes_once_it_is_resolved(api: KubernetesCluster, namespace: str) -> None:
    create_job(api, namespace, "twice")
    resolve(api, namespace, "twice", run=1)
    change = CHANGES["training"]
    assert patch(api, namespace, "sftjob", "twice", {"spec": {"run": 2, **change}})[0]
    resolve(api, namespace, "twice", run=2)
    accepted, answer = edit_of(api, namespace, "twice")({"training": {"learningRate": "9e-6"}})
    assert not accepted
    assert "spec.training is part of run" in answer


def test_applying_the_same_manifest_again_changes_nothing(api: KubernetesCluster, namespace: str) -> None:
    create_job(api, namespace, "same")
    resolve(api, namespace, "same", run=1)
    create_job(api, namespace, "same")
    found = json.loads(api.kubectl("get", "sftjob", "same", "-n", namespace, "-o", "json").stdout)
    assert found["metadata"]["generation"] == 1


def test_a_dataset_may_change_at_any_time_but_its_run_never_falls(api: KubernetesCluster, namespace: str) -> None:
    manifest = changed(changed(instruction_dataset("edited"), "spec.run", 3), "spec.profileName", "absent")
    assert api.apply(in_namespace(manifest, namespace)).returncode == 0
    edit = edit_of(api, namespace, "edited", kind="instructiondataset")
    accepted, answer = edit({"split": {"evalPercent": 20}})
    assert accepted, answer
    accepted, answer = edit({"run": 2})
    assert not accepted
    assert "spec.run must not fall" in answer


def test_nobody_writes_a_status_through_the_object_itself(api: KubernetesCluster, namespace: str) -> None:
    create_job(api, namespace, "forged")
    assert patch(api, namespace, "sftjob", "forged", {"status": {"phase": "Succeeded"}})[0]
    found = json.loads(api.kubectl("get", "sftjob", "forged", "-n", namespace, "-o", "json").stdout)
    assert found["status"].get("phase") != "Succeeded"
