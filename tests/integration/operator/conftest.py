"""The operator's parts against a real API server, Job controller and scheduler; no pod ever reaches a node."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from sft_operator.shell.client import Client
from sft_operator.shell.session import ApiServer
from tests.cluster import KubernetesCluster
from tests.integration.operator.stage import Stage


@pytest.fixture
async def api_server(api: KubernetesCluster, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ApiServer]:
    """The API server that the cluster's kubeconfig names."""
    monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig))
    found = ApiServer.find()
    yield found
    await found.close()


@pytest.fixture
def client(api_server: ApiServer) -> Client:
    """The operator's own client."""
    return Client(api_server)


@pytest.fixture(scope="session")
def lone_api(api: KubernetesCluster) -> Iterator[KubernetesCluster]:
    """The cluster without an installed operator, which would act on the tests' objects; it comes back afterwards."""
    query = ("get", "deployments", "-A", "-l", "app.kubernetes.io/name=sft-operator", "-o", "json")
    found = json.loads(api.kubectl(*query).stdout)["items"]
    installed = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in found if item["spec"]["replicas"]]
    for namespace, name in installed:
        api.kubectl("scale", "deployment", name, "-n", namespace, "--replicas=0")
        api.kubectl("wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=sft-operator", "-n", namespace)
    yield api
    for namespace, name in installed:
        api.kubectl("scale", "deployment", name, "-n", namespace, "--replicas=1")


@pytest.fixture
def team(lone_api: KubernetesCluster) -> Iterator[str]:
    """A namespace under the `restricted` standard, with a profile of its own that asks for a node there is not."""
    name = f"operator-test-{uuid.uuid4().hex[:8]}"
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": restricted}}
    created = lone_api.kubectl("apply", "-f", "-", input=json.dumps(namespace))
    assert created.returncode == 0, created.stderr
    created = lone_api.apply(profile(name))
    assert created.returncode == 0, created.stderr
    yield name
    lone_api.kubectl("delete", "namespace", name, "--wait=false")
    lone_api.kubectl("delete", "trainingprofile", name, "--wait=false")


def profile(namespace: str) -> dict[str, object]:
    """A profile for one namespace alone, under the same name."""
    resources = {"cpu": "1", "memory": "1Gi", "disk": "1Gi"}
    store = {"endpoint": "http://s3:9000", "secretName": "s3"}
    spec = {
        "allowedNamespaces": [namespace],
        "resources": resources,
        "preparation": resources,
        "scheduling": {"nodeSelector": {"sft-operator.io/no-such-node": "true"}},
        "locations": [
            {"uri": "s3://bucket/", "access": "ReadWrite", **store},
            {"uri": "s3://models/", "access": "Read", **store},
        ],
    }
    return {
        "apiVersion": "sft-operator.io/v1alpha1",
        "kind": "TrainingProfile",
        "metadata": {"name": namespace},
        "spec": spec,
    }


@pytest.fixture
def stage(api: KubernetesCluster, api_server: ApiServer, team: str) -> Stage:
    """The operator's parts, started and stopped by the test, and pods that end as it says."""
    return Stage(api, api_server, team)
