"""kubectl and helm as the demo and the tests run them."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo import kubectl
from demo.kubectl import Kubectl, KubectlError, client_environment, run_client
from local_cluster.layout import ClusterLayout
from tests.unit.demo.stand_ins import program


def test_a_refusal_is_told_in_kubectls_own_words(tmp_path: Path) -> None:
    refusing = Kubectl(program(tmp_path / "kubectl", "echo 'the server says no' >&2; exit 1"), tmp_path / "config")
    with pytest.raises(KubectlError, match="kubectl get pods: the server says no"):
        refusing.run("get", "pods")


def test_a_command_that_does_not_end_is_told_with_what_it_was(tmp_path: Path) -> None:
    with pytest.raises(KubectlError, match=r"helm upgrade x: no answer within 0 s"):
        run_client(program(tmp_path / "helm", "exec sleep 60"), tmp_path / "config", "upgrade", "x", timeout_seconds=0.2)


def test_an_embedded_clusters_clients_keep_their_caches_in_its_state_folder() -> None:
    layout = ClusterLayout("demo")
    environment = client_environment(layout.kubeconfig)
    assert environment["KUBECONFIG"] == str(layout.kubeconfig)
    for name in ("KUBECACHEDIR", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"):
        assert Path(environment[name]).is_relative_to(layout.state)


def test_another_clusters_clients_keep_the_users_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM_CACHE_HOME", "/home/ann/helm")
    environment = client_environment(tmp_path / "config")
    assert environment["HELM_CACHE_HOME"] == "/home/ann/helm"
    assert "KUBECACHEDIR" not in environment


def test_the_clients_go_past_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert "10.200.0.0/16" in kubectl.client_environment(tmp_path / "config")["NO_PROXY"]
