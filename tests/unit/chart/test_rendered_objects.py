"""What the chart puts into a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sft_operator.api.kinds import KINDS
from sft_operator.api.rbac import EDITOR, OPERATOR, PROFILE_READER, VIEWER
from sft_operator.api.training_profile import TrainingProfile
from sft_operator.settings import Settings
from tests.unit.chart.conftest import Helm, Objects
from tests.unit.chart.values import EVERYTHING, PROFILE

READERS = {"userRoles": {"profileReaders": ["developers", "ml:ops"]}}
Render = Callable[..., Objects]


def of_kind(objects: Objects, kind: str) -> Objects:
    return [document for document in objects if document["kind"] == kind]


def the_only(objects: Objects, kind: str) -> dict[str, Any]:
    (found,) = of_kind(objects, kind)
    return found


def pod_of(objects: Objects) -> dict[str, Any]:
    spec: dict[str, Any] = the_only(objects, "Deployment")["spec"]["template"]["spec"]
    return spec


def environment_of(objects: Objects) -> dict[str, str]:
    (container,) = pod_of(objects)["containers"]
    return {variable["name"]: variable["value"] for variable in container["env"]}


def pod_templates(objects: Objects) -> list[Mapping[str, Any]]:
    """The pod spec of everything that starts pods."""
    owners = [document for document in objects if "template" in document.get("spec", {})]
    return [owner["spec"]["template"]["spec"] for owner in owners]


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_the_chart_passes_lint(helm: Helm, chart: Path, values: dict[str, Any]) -> None:
    done = helm("lint", "--strict", str(chart), values=values)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_every_pod_meets_the_restricted_standard(render: Render, values: dict[str, Any]) -> None:
    pods = pod_templates(render(values))
    assert pods
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 65532
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & set(pod)
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert security["readOnlyRootFilesystem"] is True
            assert "privileged" not in security
            assert container["resources"]["limits"]["memory"]


def test_never_two_operators_at_once(render: Render) -> None:
    spec = the_only(render(), "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_the_operator_reads_its_settings_from_what_the_chart_sets(render: Render) -> None:
    settings = Settings.from_environment(environment_of(render(EVERYTHING)))
    assert settings.images.data == "registry.example.com/ml/data:1.2.3"
    assert settings.images.trainer == "registry.example.com/ml/trainer:1.2.3"
    assert settings.images.pull_policy == "Always"
    assert (settings.log_level, settings.workers, settings.resync_seconds) == ("DEBUG", 2, 30)
    assert settings.progress_interval_seconds == 5


def test_the_chart_and_the_operator_agree_on_defaults(render: Render) -> None:
    environment = environment_of(render())
    required = {name: environment[name] for name in ("SFT_DATA_IMAGE", "SFT_TRAINER_IMAGE")}
    assert Settings.from_environment(environment) == Settings.from_environment(required)


def test_the_probes_ask_where_the_operator_answers(render: Render) -> None:
    objects = render()
    (container,) = pod_of(objects)["containers"]
    ports = {port["name"]: str(port["containerPort"]) for port in container["ports"]}
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        asked = container[probe]["httpGet"]
        assert asked["path"] == path
        assert ports[asked["port"]] == environment_of(objects)["SFT_HEALTH_PORT"]


def test_a_digest_wins_over_a_tag(render: Render) -> None:
    (container,) = pod_of(render(EVERYTHING))["containers"]
    assert container["image"] == "registry.example.com:5000/ml/operator@sha256:" + "a" * 64


def test_without_a_tag_the_images_are_those_of_the_charts_version(render: Render, chart: Path) -> None:
    version = yaml.safe_load((chart / "Chart.yaml").read_text())["appVersion"]
    objects = render()
    (container,) = pod_of(objects)["containers"]
    assert container["image"].endswith(f":{version}")
    assert environment_of(objects)["SFT_TRAINER_IMAGE"].endswith(f":{version}")


def test_placement_and_labels_reach_the_pod(render: Render) -> None:
    objects = render(EVERYTHING)
    template = the_only(objects, "Deployment")["spec"]["template"]
    assert template["metadata"]["labels"]["team"] == "ml"
    assert template["metadata"]["annotations"] == {"example.com/scrape": "no"}
    pod = template["spec"]
    assert pod["nodeSelector"] == {"pool": "system"}
    assert pod["tolerations"] == [{"key": "system", "operator": "Exists"}]
    assert pod["affinity"] == {"nodeAffinity": {}}
    assert pod["priorityClassName"] == "system-cluster-critical"
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["serviceAccountName"] == "tuner"


def test_the_selector_finds_the_pod(render: Render) -> None:
    spec = the_only(render(EVERYTHING), "Deployment")["spec"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_the_operators_role_is_the_table(render: Render) -> None:
    roles = {role["metadata"]["name"]: role["rules"] for role in of_kind(render(READERS), "ClusterRole")}
    assert roles == {
        "sft-operator": [permission.as_rule() for permission in OPERATOR],
        "sft-operator-view": [permission.as_rule() for permission in VIEWER],
        "sft-operator-edit": [permission.as_rule() for permission in EDITOR],
        "sft-operator-profiles": [permission.as_rule() for permission in PROFILE_READER],
    }


def test_the_role_is_bound_to_the_account_of_the_pod(render: Render) -> None:
    objects = render(EVERYTHING)
    bindings = {binding["metadata"]["name"]: binding for binding in of_kind(objects, "ClusterRoleBinding")}
    binding = bindings["sft-operator"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "tuner", "namespace": "sft-system"}]
    assert binding["roleRef"]["name"] == "sft-operator"
    assert the_only(objects, "ServiceAccount")["metadata"]["name"] == "tuner"


def test_user_roles_are_made_only_when_they_are_wanted(render: Render) -> None:
    objects = render({"userRoles": {"aggregate": False}})
    assert [role["metadata"]["name"] for role in of_kind(objects, "ClusterRole")] == ["sft-operator"]


def test_the_groups_that_are_named_may_read_the_profiles_and_nothing_else(render: Render) -> None:
    bindings = {binding["metadata"]["name"]: binding for binding in of_kind(render(READERS), "ClusterRoleBinding")}
    binding = bindings["sft-operator-profiles"]
    assert [(subject["kind"], subject["name"]) for subject in binding["subjects"]] == [
        ("Group", "developers"),
        ("Group", "ml:ops"),
    ]
    assert binding["roleRef"]["name"] == "sft-operator-profiles"


def test_unless_groups_are_named_nobody_is_shown_the_profiles(render: Render) -> None:
    assert "system:authenticated" not in str(render())
    assert [binding["metadata"]["name"] for binding in of_kind(render(), "ClusterRoleBinding")] == ["sft-operator"]


def test_an_account_of_ones_own_is_used_and_not_made(render: Render) -> None:
    objects = render({"serviceAccount": {"create": False, "name": "mine"}})
    assert of_kind(objects, "ServiceAccount") == []
    assert pod_of(objects)["serviceAccountName"] == "mine"


def test_the_chart_makes_no_secret(render: Render) -> None:
    assert of_kind(render(EVERYTHING), "Secret") == []


def test_a_profile_of_the_values_becomes_a_training_profile(render: Render) -> None:
    profile = the_only(render(EVERYTHING), "TrainingProfile")
    assert profile["metadata"]["name"] == "one-gpu"
    assert profile["spec"] == PROFILE
    assert TrainingProfile.model_validate(profile).spec.resources.gpu is not None


def test_a_network_policy_is_made_only_when_it_is_wanted(render: Render) -> None:
    assert of_kind(render(), "NetworkPolicy") == []
    policy = the_only(render(EVERYTHING), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert {"port": 6443, "protocol": "TCP"} in policy["egress"][1]["ports"]
    assert policy["ingress"][0]["ports"] == [{"port": 8081, "protocol": "TCP"}]


def test_the_charts_crds_are_the_generated_ones(repository: Path, chart: Path) -> None:
    generated = {path.name: path.read_text() for path in (repository / "crds").iterdir()}
    assert {path.name: path.read_text() for path in (chart / "crds").iterdir()} == generated


def test_the_chart_announces_every_kind(chart: Path) -> None:
    announced = yaml.safe_load(yaml.safe_load((chart / "Chart.yaml").read_text())["annotations"]["artifacthub.io/crds"])
    assert {entry["kind"] for entry in announced} == {kind.name for kind in KINDS}
    assert {entry["name"] for entry in announced} == {f"{kind.plural}.sft-operator.io" for kind in KINDS}
