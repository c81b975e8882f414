"""The operator's parts, driven pass by pass against a real cluster, and killed where a test wants it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from sft_operator.core import naming, pod_trouble
from sft_operator.core.images import Images
from sft_operator.shell.attention import Attention
from sft_operator.shell.client import Body, Client
from sft_operator.shell.events import EventRecorder
from sft_operator.shell.execute import Executor
from sft_operator.shell.gather import Gatherer
from sft_operator.shell.progress_polling import ProgressPolling
from sft_operator.shell.reconcile import Reconciler
from sft_operator.shell.resources import JOBS, PODS
from sft_operator.shell.session import ApiServer
from sft_operator.shell.terminated_pods import TerminatedPods
from sft_operator.shell.work_queue import Key
from sft_trainer import contract
from tests.cluster import KubernetesCluster

API_VERSION = "sft-operator.io/v1alpha1"
IMAGES = Images(data="example.invalid/data:1", trainer="example.invalid/trainer:1", pull_policy="IfNotPresent")
PLURALS = {"InstructionDataset": "instructiondatasets", "SFTJob": "sftjobs"}


class Killed(Exception):
    """The operator's process ended here."""


class MortalClient(Client):
    """A client whose process is killed at its n-th write: before the request is sent, or before the reply is read."""

    def __init__(self, api_server: ApiServer, *, dies_at_write: int = 0, is_sent: bool = True) -> None:
        super().__init__(api_server)
        self.writes = 0
        self._dies_at_write = dies_at_write
        self._is_sent = is_sent

    async def _request(self, method: str, path: str, **more: Any) -> Body:
        if method == "GET":
            return await super()._request(method, path, **more)
        self.writes += 1
        if self.writes != self._dies_at_write:
            return await super()._request(method, path, **more)
        if self._is_sent:
            await super()._request(method, path, **more)
        raise Killed(f"{method} {path}")


class Stage:
    """One namespace, and whatever operator a test starts in it."""

    def __init__(self, cluster: KubernetesCluster, api_server: ApiServer, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self._api_server = api_server
        self._client = Client(api_server)

    def operator(self, client: Client | None = None) -> Reconciler:
        """A fresh operator, which remembers nothing."""
        client = client or self._client
        gatherer = Gatherer(client, IMAGES, TerminatedPods(), ProgressPolling(15))
        return Reconciler(gatherer, Executor(client, EventRecorder(client)), Attention())

    def mortal(self, dies_at_write: int, *, is_sent: bool) -> tuple[Reconciler, MortalClient]:
        """An operator that is killed at its n-th write."""
        client = MortalClient(self._api_server, dies_at_write=dies_at_write, is_sent=is_sent)
        return self.operator(client), client

    def apply(self, kind: str, name: str, spec: Mapping[str, Any]) -> Key:
        """Applies an object that uses the namespace's profile; its key."""
        metadata = {"name": name, "namespace": self.namespace}
        spec = {"profileName": self.namespace, **spec}
        done = self.cluster.apply({"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec})
        assert done.returncode == 0, done.stderr
        return Key(kind, self.namespace, name)

    async def settle(self, operator: Reconciler, key: Key) -> None:
        """Passes until the operator would wait for an event, or for longer than a moment."""
        for _ in range(30):
            again = await operator.reconcile(key)
            if again is None or again > 5:
                return
            await asyncio.sleep(again)
        raise AssertionError("the operator never comes to rest")

    async def wait_for_patience(self) -> None:
        """Time goes by until a pod that does not run is overdue."""
        await asyncio.sleep(pod_trouble.PATIENCE_SECONDS + 1)

    def status(self, key: Key) -> dict[str, Any]:
        """The object's status."""
        status: dict[str, Any] = self._read(PLURALS[key.kind], key.name).get("status", {})
        return status

    def jobs(self) -> list[dict[str, Any]]:
        """Every Job of the namespace."""
        items: list[dict[str, Any]] = self._read("jobs")["items"]
        return items

    def jobs_of(self, stage_name: str) -> list[dict[str, Any]]:
        """Those of one stage: prepare, plan or train."""
        return [job for job in self.jobs() if job["metadata"]["labels"][naming.STAGE_LABEL] == stage_name]

    def owners_of_config(self, job_name: str) -> list[dict[str, Any]]:
        """Whom the ConfigMap of a Job belongs to."""
        owners: list[dict[str, Any]] = self._read("configmap", job_name)["metadata"]["ownerReferences"]
        return owners

    def configs(self) -> set[str]:
        """Names of the ConfigMaps that Jobs mount; the cluster's own in every namespace is not among them."""
        return {found["metadata"]["name"] for found in self._read("configmaps")["items"]} - {"kube-root-ca.crt"}

    async def gone(self, *names: str) -> None:
        """Returns once no Job or ConfigMap has one of these names: the garbage collector takes a moment."""
        for _ in range(100):
            there = self.configs() | {job["metadata"]["name"] for job in self.jobs()}
            if not there & set(names):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"of {names} there is still {there & set(names)}")

    def _read(self, *arguments: str) -> dict[str, Any]:
        done = self.cluster.kubectl("get", *arguments, "-n", self.namespace, "-o", "json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    async def end_pod(self, job_name: str, exit_code: int, reason: str, **results: Any) -> None:
        """The Job's pod ends with this message; returns once the Job controller has declared the Job to be over."""
        pod = (await self._until(lambda: self._pods(job_name)))[0]
        uid, name = pod["metadata"]["uid"], pod["metadata"]["name"]
        message = contract.TerminationMessage.model_validate(
            {"podUid": uid, "attempt": 1, "exitCode": exit_code, "reason": reason, "message": "said", **results}
        )
        terminated = {"exitCode": exit_code, "reason": "Error", "message": message.to_json()}
        container = {"name": "main", "image": "x", "imageID": "x", "ready": False, "restartCount": 0}
        status = {
            "phase": "Failed" if exit_code else "Succeeded",
            "containerStatuses": [{**container, "state": {"terminated": terminated}}],
        }
        patch = json.dumps({"status": status})
        done = self.cluster.kubectl("patch", "pod", name, "-n", self.namespace, "--subresource=status", "-p", patch)
        assert done.returncode == 0, done.stderr
        await self._until(lambda: self._is_over(job_name))

    async def _pods(self, job_name: str) -> list[Body]:
        return await self._client.list(PODS, self.namespace, labels=f"batch.kubernetes.io/job-name={job_name}")

    async def _is_over(self, job_name: str) -> bool:
        job = await self._client.get(JOBS, self.namespace, job_name)
        conditions = job["status"].get("conditions", [])
        return any(condition["type"] in ("Complete", "Failed") for condition in conditions)

    async def _until(self, found: Callable[[], Any]) -> Any:
        async with asyncio.timeout(30):
            while not (result := await found()):  # noqa: ASYNC110 the cluster is asked, nothing tells
                await asyncio.sleep(0.1)
            return result
