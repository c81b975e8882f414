"""The chart, installed into a real cluster by the real helm."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sft_operator.api.crd import DIGEST_ANNOTATION, crd_name
from sft_operator.api.kinds import KINDS, SFT_JOB
from tests.cluster import KubernetesCluster
from tests.unit.chart.values import PROFILE

pytestmark = pytest.mark.integration


class Release:
    """One release of the chart, in a namespace of its own. Its image does not exist: the pod never starts."""

    def __init__(self, cluster: KubernetesCluster, chart: Path) -> None:
        self.cluster, self.chart = cluster, chart
        self.name = f"chart-test-{uuid.uuid4().hex[:8]}"

    def upgrade(self, values: Mapping[str, Any]) -> tuple[bool, str]:
        arguments = ["upgrade", "--install", self.name, str(self.chart), "-n", self.name, "--create-namespace", "-f", "-"]
        done = self.cluster.helm(*arguments, input=json.dumps(values))
        return done.returncode == 0, done.stdout + done.stderr

    def profile_values(self, **changes: Any) -> dict[str, Any]:
        """Values with one profile, which is nobody's default and admits nobody."""
        return {"profiles": {self.name: PROFILE | {"default": False, "allowedNamespaces": []} | changes}}


@pytest.fixture(scope="module")
def release(cluster: KubernetesCluster, repository: Path) -> Iterator[Release]:
    applied = cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(repository / "crds"))
    assert applied.returncode == 0, applied.stderr
    release = Release(cluster, repository / "charts" / "sft-operator")
    accepted, answer = release.upgrade(release.profile_values())
    assert accepted, answer
    yield release
    cluster.helm("uninstall", release.name, "-n", release.name, "--ignore-not-found")
    cluster.kubectl("delete", "namespace", release.name, "--wait=false")


def found(cluster: KubernetesCluster, *arguments: str) -> bool:
    return cluster.kubectl("get", *arguments).returncode == 0


def test_installing_makes_the_operator_and_its_profile_at_once(release: Release) -> None:
    assert found(release.cluster, "deployment", release.name, "-n", release.name)
    assert found(release.cluster, "trainingprofile", release.name)


def test_the_pod_is_admitted_where_the_restricted_standard_is_enforced(release: Release) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    assert release.cluster.kubectl("label", "namespace", release.name, label).returncode == 0
    text = release.cluster.kubectl("get", "deployment", release.name, "-n", release.name, "-o", "json").stdout
    pod = {"apiVersion": "v1", "kind": "Pod", **json.loads(text)["spec"]["template"]}
    pod["metadata"] |= {"name": "as-the-deployment-makes-it", "namespace": release.name}
    answer = release.cluster.apply(pod, dry_run=True)
    assert answer.returncode == 0, answer.stderr
    assert "violate PodSecurity" not in answer.stderr


@pytest.mark.parametrize(
    ("verb", "resource", "answer"),
    [
        pytest.param("create", "jobs.batch", "yes", id="starts-jobs"),
        pytest.param("patch", "sftjobs.sft-operator.io --subresource=status", "yes", id="writes-status"),
        pytest.param("list", "events", "yes", id="reads-events"),
        pytest.param("delete", "configmaps", "yes", id="gives-configs-to-their-jobs"),
        pytest.param("get", "configmaps", "no", id="reads-no-config"),
        pytest.param("update", "sftjobs.sft-operator.io", "no", id="writes-no-spec"),
        pytest.param("get", "secrets", "no", id="reads-no-secret"),
        pytest.param("create", "pods", "no", id="makes-no-pod"),
        pytest.param("create", "pods --subresource=exec", "no", id="enters-no-pod"),
    ],
)
def test_what_the_operator_may_do(release: Release, verb: str, resource: str, answer: str) -> None:
    account = f"system:serviceaccount:{release.name}:{release.name}"
    done = release.cluster.kubectl("auth", "can-i", verb, *resource.split(), "--as", account, "-n", "default")
    assert done.stdout.strip() == answer


def test_who_may_edit_a_namespace_may_fine_tune_in_it(release: Release) -> None:
    """The API server adds the chart's rights to the role `edit`."""
    text = release.cluster.kubectl("get", "clusterrole", "edit", "-o", "json").stdout
    rights = {
        (resource, verb) for rule in json.loads(text)["rules"] for resource in rule.get("resources", ()) for verb in rule["verbs"]
    }
    assert {("sftjobs", "create"), ("sftjobs", "get"), ("instructiondatasets", "patch")} <= rights
    assert ("sftjobs/status", "patch") not in rights
    assert ("trainingprofiles", "create") not in rights


def test_an_upgrade_changes_the_profile(release: Release) -> None:
    accepted, answer = release.upgrade(release.profile_values(terminationGracePeriodSeconds=77))
    assert accepted, answer
    path = "jsonpath={.spec.terminationGracePeriodSeconds}"
    assert release.cluster.kubectl("get", "trainingprofile", release.name, "-o", path).stdout == "77"


def test_an_unknown_field_of_a_profile_is_refused_by_name(release: Release) -> None:
    accepted, answer = release.upgrade(release.profile_values(imagee="x"))
    assert not accepted
    assert ".spec.imagee: field not declared in schema" in answer


def test_other_crds_than_those_of_the_chart_are_met_with_what_to_do(release: Release, repository: Path) -> None:
    annotate = ["annotate", "crd", crd_name(SFT_JOB), "--overwrite", f"{DIGEST_ANNOTATION}=another"]
    assert release.cluster.kubectl(*annotate).returncode == 0
    try:
        accepted, answer = release.upgrade(release.profile_values())
        assert not accepted
        assert f"The CustomResourceDefinition {crd_name(SFT_JOB)} in this cluster is not the one of chart version" in answer
        assert "helm show crds CHART | kubectl apply --server-side --force-conflicts -f -" in answer
    finally:
        crds = release.cluster.helm("show", "crds", str(release.chart)).stdout
        applied = release.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=crds)
        assert applied.returncode == 0, applied.stderr
    accepted, answer = release.upgrade(release.profile_values())
    assert accepted, answer


def test_uninstalling_keeps_the_crds_and_takes_the_rest(release: Release) -> None:
    done = release.cluster.helm("uninstall", release.name, "-n", release.name, "--wait")
    assert done.returncode == 0, done.stderr
    assert all(found(release.cluster, "crd", crd_name(kind)) for kind in KINDS)
    assert not found(release.cluster, "trainingprofile", release.name)
    assert not found(release.cluster, "clusterrole", release.name)
    accepted, answer = release.upgrade(release.profile_values())
    assert accepted, answer
