"""What the API server makes of a manifest, and how kubectl shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sft_operator.api.instruction_dataset import InstructionDatasetSpec
from sft_operator.api.sft_job import SFTJobSpec
from sft_operator.api.training_profile import TrainingProfileSpec
from tests.cluster import KubernetesCluster
from tests.integration.api.manifests import MINIMAL, Manifest, changed, in_namespace, instruction_dataset, sft_job

pytestmark = pytest.mark.integration

PARSERS: Mapping[str, Callable[[Any], TrainingProfileSpec | InstructionDatasetSpec | SFTJobSpec]] = {
    "TrainingProfile": TrainingProfileSpec.model_validate,
    "InstructionDataset": InstructionDatasetSpec.model_validate,
    "SFTJob": SFTJobSpec.model_validate,
}


def as_served(api: KubernetesCluster, manifest: Manifest) -> dict[str, Any]:
    """The object that the API server would store."""
    text = json.dumps(manifest)
    answer = api.kubectl("apply", "--server-side", "--dry-run=server", "-o", "json", "-f", "-", input=text)
    assert answer.returncode == 0, answer.stderr
    served: dict[str, Any] = json.loads(answer.stdout)
    return served


@pytest.mark.parametrize("kind", MINIMAL)
def test_the_server_fills_in_the_defaults_of_the_models(api: KubernetesCluster, namespace: str, kind: str) -> None:
    manifest = in_namespace(MINIMAL[kind](), namespace)
    expected = PARSERS[kind](manifest["spec"]).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert as_served(api, manifest)["spec"] == expected


def test_defaults_are_filled_in_beside_what_is_given(api: KubernetesCluster, namespace: str) -> None:
    manifest = changed(sft_job(), "spec.method.lora.rank", 8)
    served = as_served(api, in_namespace(manifest, namespace))
    assert served["spec"]["method"]["lora"] == {
        "rank": 8,
        "alpha": 32,
        "dropout": "0",
        "targetModules": ["all-linear"],
    }


def test_an_optional_object_gets_its_defaults_only_when_it_is_there(api: KubernetesCluster, namespace: str) -> None:
    manifest = changed(MINIMAL["TrainingProfile"](), "spec.resources.gpu", {})
    assert as_served(api, manifest)["spec"]["resources"]["gpu"] == {"resourceName": "nvidia.com/gpu", "count": 1}
    assert "gpu" not in as_served(api, MINIMAL["TrainingProfile"]())["spec"]["resources"]


@pytest.mark.parametrize("kind", ["InstructionDataset", "SFTJob"])
def test_a_fresh_object_does_not_read_as_done(api: KubernetesCluster, namespace: str, kind: str) -> None:
    assert as_served(api, in_namespace(MINIMAL[kind](), namespace))["status"] == {"observedGeneration": -1}


def with_status(api: KubernetesCluster, manifest: Manifest, status: Mapping[str, Any]) -> None:
    """Creates the object and writes its status as the operator does."""
    assert api.apply(manifest).returncode == 0
    kind, meta = manifest["kind"], manifest["metadata"]
    text = json.dumps({"status": status})
    command = ["patch", kind, meta["name"], "-n", meta["namespace"], "--subresource=status", "--type=merge", "-p", text]
    answer = api.kubectl(*command)
    assert answer.returncode == 0, answer.stderr


def rows(api: KubernetesCluster, *arguments: str) -> list[list[str]]:
    answer = api.kubectl("get", *arguments)
    assert answer.returncode == 0, answer.stderr
    return [line.split() for line in answer.stdout.splitlines()]


def test_a_job_is_listed_with_phase_step_progress_loss_and_eta(api: KubernetesCluster, namespace: str) -> None:
    manifest = in_namespace(changed(sft_job("shown"), "spec.profileName", "absent"), namespace)
    display = {"step": "12/36", "progress": "33%", "eta": "2m10s"}
    with_status(api, manifest, {"phase": "Training", "progress": {"loss": "0.731", "display": display}})
    titles, *jobs = rows(api, "sft", "-n", namespace)
    assert titles == ["NAME", "PHASE", "STEP", "PROGRESS", "LOSS", "ETA", "AGE"]
    shown = next(job for job in jobs if job[0] == "shown")
    # An operator that runs here may have its own word on the phase of a job whose profile is absent.
    assert shown[2:6] == ["12/36", "33%", "0.731", "2m10s"]


def test_a_dataset_is_listed_with_its_rows_and_wide_with_its_digest(api: KubernetesCluster, namespace: str) -> None:
    manifest = in_namespace(changed(instruction_dataset("shown"), "spec.profileName", "absent"), namespace)
    version = {"digest": "d" * 64, "uri": "s3://tuned/faq/", "rows": 96, "trainRows": 91, "evalRows": 5, "bytes": 9}
    version |= {"generation": 1, "run": 1, "readyAt": "2026-01-01T00:00:00Z"}
    accounting = {"read": 103, "kept": 96, "rejected": {"EmptyCompletion": 7}, "rejectedRows": 7}
    with_status(api, manifest, {"phase": "Ready", "version": version, "accounting": accounting})
    titles, *datasets = rows(api, "ids", "-n", namespace)
    assert titles == ["NAME", "PHASE", "ROWS", "REJECTED", "AGE"]
    assert next(dataset for dataset in datasets if dataset[0] == "shown")[2:4] == ["96", "7"]
    wide = rows(api, "ids", "-n", namespace, "-o", "wide")
    assert wide[0][-1] == "DIGEST"
    assert any(dataset[-1] == "d" * 64 for dataset in wide[1:])


@pytest.mark.parametrize("manifest", [sft_job("refused"), instruction_dataset("refused")], ids=["sft", "ids"])
def test_a_wide_list_tells_why_an_object_is_not_ready(api: KubernetesCluster, namespace: str, manifest: Manifest) -> None:
    ready = {"type": "Ready", "status": "False", "reason": "ProfileNotFound", "message": "", "observedGeneration": 1}
    ready |= {"lastTransitionTime": "2026-01-01T00:00:00Z"}
    absent = in_namespace(changed(manifest, "spec.profileName", "absent"), namespace)
    with_status(api, absent, {"phase": "Refused", "conditions": [ready]})
    titles, *objects = rows(api, absent["kind"], "-n", namespace, "-o", "wide")
    assert titles[:2] == ["NAME", "PHASE"]
    assert "REASON" in titles
    shown = next(found for found in objects if found[0] == "refused")
    assert (shown[1], "ProfileNotFound" in shown) == ("Refused", True)


def test_every_kind_of_ours_is_listed_by_its_category(api: KubernetesCluster) -> None:
    listed = api.kubectl("api-resources", "--categories=sft-operator", "-o", "name").stdout.split()
    assert sorted(listed) == [
        "instructiondatasets.sft-operator.io",
        "sftjobs.sft-operator.io",
        "trainingprofiles.sft-operator.io",
    ]


def test_kubectl_explains_a_field(api: KubernetesCluster) -> None:
    assert "Peak learning rate" in api.kubectl("explain", "sftjob.spec.training.learningRate").stdout
