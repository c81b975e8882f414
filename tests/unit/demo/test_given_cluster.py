"""A cluster of the user's own: taken when KUBECONFIG names one, and never changed by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.cluster import ClusterUnusable
from demo.given_cluster import IMAGES, STORE, given_cluster, given_images, given_kubeconfig, refuse_namespace_of_others
from local_cluster.layout import ClusterLayout
from tests.unit.demo.stand_ins import cluster, program

EVERYTHING = {name: f"the-{name}" for name in (*IMAGES.values(), *STORE)}


def test_without_a_kubeconfig_and_with_an_embedded_clusters_the_demo_uses_its_own() -> None:
    assert given_kubeconfig({}) is None
    assert given_kubeconfig({"KUBECONFIG": ""}) is None
    assert given_kubeconfig({"KUBECONFIG": str(ClusterLayout("demo").kubeconfig)}) is None


def test_a_kubeconfig_of_the_users_own_is_taken() -> None:
    assert given_kubeconfig({"KUBECONFIG": "/home/ann/.kube/config"}) == Path("/home/ann/.kube/config")


@pytest.mark.parametrize("missing", EVERYTHING)
def test_what_was_not_said_is_asked_for_by_name_before_anything_is_done(missing: str) -> None:
    environment = {name: value for name, value in EVERYTHING.items() if name != missing}
    with pytest.raises(ClusterUnusable, match=rf"/home/ann/config.* set {missing}\. .*env -u KUBECONFIG make demo"):
        given_cluster(Path("/home/ann/config"), environment)


def test_kubectl_and_helm_are_those_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path / "kubectl")
    with pytest.raises(ClusterUnusable, match="helm was not found on PATH"):
        given_cluster(Path("/home/ann/config"), EVERYTHING)
    program(tmp_path / "helm")
    found = given_cluster(Path("/home/ann/config"), EVERYTHING)
    assert (found.helm, found.store.endpoint) == (tmp_path / "helm", "the-AWS_ENDPOINT_URL")
    assert given_images(EVERYTHING)["trainer"] == "the-SFT_DEMO_TRAINER_IMAGE"


@pytest.mark.parametrize(
    ("labels", "is_refused"),
    [('{"team": "support"}', True), ('{"app.kubernetes.io/created-by": "sft-demo", "more": "x"}', False)],
    ids=["somebody's", "the demo's"],
)
def test_a_namespace_that_the_demo_did_not_make_is_not_deleted(tmp_path: Path, labels: str, is_refused: bool) -> None:
    theirs = cluster(tmp_path, kubectl=f'echo \'{{"metadata": {{"labels": {labels}}}}}\'')
    if is_refused:
        with pytest.raises(ClusterUnusable, match="'support-team' is there and was not made by the demo"):
            refuse_namespace_of_others(theirs, "support-team")
    else:
        refuse_namespace_of_others(theirs, "support-team")


def test_a_namespace_that_is_not_there_is_free(tmp_path: Path) -> None:
    refuse_namespace_of_others(cluster(tmp_path), "support-team")
