"""Jobs and their pods: run once, hold to the `restricted` Pod Security Standard, take nothing from a user but a config."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sft_operator.core.manifests.pod import whole_cpus
from sft_operator.core.naming import UID_LABEL
from sft_trainer import contract
from tests.unit.operator.core import worlds
from tests.unit.operator.core.worlds import Cluster, dataset_world, planned, profile, sft_job_spec, sft_job_world

HOSTILE = "$(rm -rf /); `id` && {{ .Values }} \n --trust-remote-code"


def jobs() -> dict[str, Mapping[str, Any]]:
    """One Job of each stage, made from specs that try to get out of their config."""
    gpu = {"cpu": "3500m", "memory": "8Gi", "disk": "10Gi", "gpu": {"resourceName": "amd.com/gpu", "count": 2}}
    scheduling = {
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "priorityClassName": "batch",
    }
    pull = ["registry", "mirror"]
    profiles = [profile(resources=gpu, scheduling=scheduling, imagePullSecrets=pull, terminationGracePeriodSeconds=77)]
    dataset = Cluster(
        dataset_world(
            profiles=profiles,
            spec=worlds.dataset_spec(
                sources=[
                    {"name": "a", "s3": {"uri": "s3://raw/" + HOSTILE.replace("\n", "")}},
                    {"name": "b", "inline": {"jsonl": HOSTILE}},
                    {"name": "c", "s3": {"uri": "s3://mine/x", "secretName": "mine"}},
                ]
            ),
        )
    )
    dataset.settle()
    samples = {"samples": {"prompts": [HOSTILE]}}
    job = Cluster(sft_job_world(profiles=profiles, spec=sft_job_spec(evaluation=samples)))
    job.settle()
    job.end_pod(0, "Completed", **planned())
    return {"prepare": dataset.created[0], "plan": job.created[0], "train": job.created[1]}


JOBS = jobs()
STAGES = list(JOBS)


def pod_spec(stage: str) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = JOBS[stage]["spec"]["template"]["spec"]
    return spec


def container(stage: str) -> Mapping[str, Any]:
    (only,) = pod_spec(stage)["containers"]
    found: Mapping[str, Any] = only
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_the_pod_meets_the_restricted_standard(stage: str) -> None:
    spec, main = pod_spec(stage), container(stage)
    assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers", "initContainers"} & set(spec)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 65532
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert main["securityContext"]["allowPrivilegeEscalation"] is False
    assert main["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert main["securityContext"]["readOnlyRootFilesystem"] is True
    assert all("hostPort" not in port for port in main["ports"])
    kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
    assert kinds <= {"projected", "emptyDir"}


@pytest.mark.parametrize("stage", STAGES)
def test_the_pod_has_no_token_and_knows_no_services(stage: str) -> None:
    assert pod_spec(stage)["automountServiceAccountToken"] is False
    assert pod_spec(stage)["enableServiceLinks"] is False
    assert "serviceAccountToken" not in json.dumps(pod_spec(stage))


@pytest.mark.parametrize("stage", STAGES)
def test_the_job_runs_once_and_keeps_how_it_ended(stage: str) -> None:
    spec = JOBS[stage]["spec"]
    assert (spec["backoffLimit"], spec["completions"], spec["parallelism"]) == (0, 1, 1)
    assert spec["podReplacementPolicy"] == "Failed"
    assert pod_spec(stage)["restartPolicy"] == "Never"
    assert not {"ttlSecondsAfterFinished", "activeDeadlineSeconds", "suspend"} & set(spec)


@pytest.mark.parametrize("stage", STAGES)
def test_only_codes_that_our_programs_alone_return_fail_the_job_with_a_message(stage: str) -> None:
    disrupted, codes = JOBS[stage]["spec"]["podFailurePolicy"]["rules"]
    assert disrupted == {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert codes["action"] == "FailJob"
    assert codes["onExitCodes"] == {
        "containerName": container(stage)["name"],
        "operator": "In",
        "values": [10, 11, 12, 13, 14, 15, 21, 22],
    }


@pytest.mark.parametrize("stage", STAGES)
def test_a_users_words_reach_the_pod_in_its_config_alone(stage: str) -> None:
    assert container(stage)["args"] == [stage]
    assert "command" not in container(stage)
    assert "rm -rf" not in json.dumps(JOBS[stage])


def test_a_users_words_reach_the_config_unchanged() -> None:
    cluster = Cluster(dataset_world(spec=worlds.dataset_spec(sources=[{"name": "b", "inline": {"jsonl": HOSTILE}}])))
    cluster.settle()
    assert contract.PrepareConfig.model_validate_json(cluster.configs[0]).sources[0].inline == HOSTILE


@pytest.mark.parametrize(("stage", "image"), [("prepare", "data"), ("plan", "data"), ("train", "trainer")])
def test_images_are_the_installations(stage: str, image: str) -> None:
    assert container(stage)["image"] == getattr(worlds.IMAGES, image)
    assert container(stage)["imagePullPolicy"] == "IfNotPresent"


def test_only_training_takes_gpus_and_shared_memory() -> None:
    assert container("train")["resources"] == {
        "requests": {"cpu": "3500m", "memory": "8Gi"},
        "limits": {"memory": "8Gi", "amd.com/gpu": "2"},
    }
    for stage in ("prepare", "plan"):
        assert container(stage)["resources"] == {
            "requests": {"cpu": "500m", "memory": "1Gi"},
            "limits": {"memory": "1Gi"},
        }
    shared = [volume for volume in pod_spec("train")["volumes"] if volume["name"] == "shared-memory"]
    assert shared[0]["emptyDir"]["medium"] == "Memory"
    assert not [volume for volume in pod_spec("plan")["volumes"] if volume["name"] == "shared-memory"]


@pytest.mark.parametrize(("stage", "disk"), [("prepare", "2Gi"), ("plan", "2Gi"), ("train", "10Gi")])
def test_every_volume_on_the_node_is_bounded(stage: str, disk: str) -> None:
    sizes = {v["name"]: v["emptyDir"]["sizeLimit"] for v in pod_spec(stage)["volumes"] if "emptyDir" in v}
    assert sizes["scratch"] == disk
    assert set(sizes) >= {"scratch", "tmp"}


@pytest.mark.parametrize("stage", STAGES)
def test_libraries_start_no_more_threads_than_there_are_cpus(stage: str) -> None:
    environment = {variable["name"]: variable.get("value") for variable in container(stage)["env"]}
    assert environment["OMP_NUM_THREADS"] == ("4" if stage == "train" else "1")
    assert environment["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize(("quantity", "cpus"), [("1", 1), ("500m", 1), ("1500m", 2), ("2.5", 3), ("0.1", 1), ("64", 64)])
def test_cpus_are_rounded_up(quantity: str, cpus: int) -> None:
    assert whole_cpus(quantity) == cpus


@pytest.mark.parametrize("stage", STAGES)
def test_the_pod_learns_its_uid_and_leaves_its_last_words(stage: str) -> None:
    uid = next(variable for variable in container(stage)["env"] if variable["name"] == contract.POD_UID_VARIABLE)
    assert uid["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.uid"
    assert container(stage)["terminationMessagePath"] == contract.TERMINATION_LOG_PATH
    assert container(stage)["terminationMessagePolicy"] == "File"
    assert pod_spec(stage)["terminationGracePeriodSeconds"] == 77


def inputs(stage: str) -> list[Mapping[str, Any]]:
    volume = next(volume for volume in pod_spec(stage)["volumes"] if volume["name"] == "inputs")
    sources: list[Mapping[str, Any]] = volume["projected"]["sources"]
    return sources


@pytest.mark.parametrize("stage", STAGES)
def test_config_and_credentials_lie_where_the_contract_says(stage: str) -> None:
    mount = next(mount for mount in container(stage)["volumeMounts"] if mount["name"] == "inputs")
    paths = [f"{mount['mountPath']}/{item['path']}" for source in inputs(stage) for item in next(iter(source.values()))["items"]]
    assert paths[0] == contract.CONFIG_PATH
    for key in (*contract.CREDENTIAL_KEYS, *contract.OPTIONAL_CREDENTIAL_KEYS):
        assert f"{contract.CREDENTIALS_ROOT}/s3/{key}" in paths
    assert mount["readOnly"] is True


@pytest.mark.parametrize(
    ("stage", "secrets"),
    [("prepare", {"raw-keys", "s3", "mine"}), ("plan", {"raw-keys", "s3"}), ("train", {"raw-keys", "s3"})],
)
def test_a_pod_gets_the_secrets_it_needs_and_of_them_only_known_keys(stage: str, secrets: set[str]) -> None:
    mounted = [source["secret"] for source in inputs(stage) if "secret" in source]
    assert {secret["name"] for secret in mounted} == secrets
    keys = {item["key"] for secret in mounted for item in secret["items"]}
    assert keys == {*contract.CREDENTIAL_KEYS, *contract.OPTIONAL_CREDENTIAL_KEYS}
    for secret in mounted:
        is_optional = {item["key"] for item in secret["items"]} == set(contract.OPTIONAL_CREDENTIAL_KEYS)
        assert secret.get("optional", False) is is_optional


@pytest.mark.parametrize("stage", STAGES)
def test_the_pod_is_placed_where_the_profile_says(stage: str) -> None:
    assert pod_spec(stage)["nodeSelector"] == {"pool": "gpu"}
    assert pod_spec(stage)["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert pod_spec(stage)["priorityClassName"] == "batch"


@pytest.mark.parametrize("stage", STAGES)
def test_jobs_and_pods_can_be_watched_by_one_label(stage: str) -> None:
    job = JOBS[stage]
    for metadata in (job["metadata"], job["spec"]["template"]["metadata"]):
        assert metadata["labels"][UID_LABEL] == job["metadata"]["ownerReferences"][0]["uid"]
        assert all(len(value) <= 63 for value in metadata["labels"].values())


def test_pod_and_image_agree_on_where_libraries_keep_what_they_fetch(repository: Path) -> None:
    """The image's own setting is for whoever runs it without the operator."""
    (of_image,) = re.findall(r"\bHF_HOME=(\S+)", (repository / "trainer_image" / "Dockerfile").read_text())
    assert {entry["name"]: entry.get("value") for entry in container("train")["env"]}["HF_HOME"] == of_image


@pytest.mark.parametrize("stage", STAGES)
def test_the_profiles_registry_keys_reach_every_pod(stage: str) -> None:
    assert pod_spec(stage)["imagePullSecrets"] == [{"name": "registry"}, {"name": "mirror"}]


def test_without_registry_keys_the_account_of_the_namespace_may_have_its_own() -> None:
    cluster = Cluster(dataset_world())
    cluster.settle()
    assert "imagePullSecrets" not in cluster.created[0]["spec"]["template"]["spec"]
