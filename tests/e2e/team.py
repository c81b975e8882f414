"""A team as the tests play it: one namespace, its objects, its part of the bucket, and waiting for what should come."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo import bucket
from demo.cluster import Cluster
from demo.installation import OUTPUT_BUCKET, RAW_BUCKET
from demo.quickstart import MODEL_URI, condition

API_VERSION = "sft-operator.io/v1alpha1"
POLL_SECONDS = 0.5
TEN_ROWS = "\n".join(
    json.dumps({"prompt": f"What is the code of room {number}?", "completion": f"The code of room {number} is {number * 37}."})
    for number in range(10)
)

Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Team:
    """A namespace and what a test does in it."""

    cluster: Cluster
    namespace: str

    def apply(self, *documents: Mapping[str, Any]) -> None:
        """Applies objects into the namespace."""
        self.cluster.kubectl.apply(*(dict(document) for document in documents), namespace=self.namespace)

    def upload(self, key: str, content: bytes) -> str:
        """Puts an object into the raw bucket, below the namespace; returns its URI."""
        uri = f"s3://{RAW_BUCKET}/{self.namespace}/{key}"
        name, path = bucket.split_uri(uri)
        bucket.s3_client(self.cluster.store).put_object(Bucket=name, Key=path, Body=content)
        return uri

    def output(self) -> dict[str, int]:
        """Size by key of everything below the namespace's output."""
        return bucket.list_objects(bucket.s3_client(self.cluster.store), f"s3://{OUTPUT_BUCKET}/{self.namespace}/")

    def status(self, kind: str, name: str) -> Status:
        """The object's status; an empty one while there is none."""
        found = self.cluster.kubectl.get(kind, name, self.namespace) or {}
        status: Status = found.get("status", {})
        return status

    def wait(self, kind: str, name: str, holds: Callable[[Status], bool], timeout_seconds: float) -> Status:
        """Waits until a status is as wanted; fails with all of it when it does not come to that."""
        deadline = time.monotonic() + timeout_seconds
        while not holds(status := self.status(kind, name)):
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{kind} {name} did not come to it in {timeout_seconds:.0f} s: {json.dumps(status, indent=1)}"
                )
            time.sleep(POLL_SECONDS)
        return status

    def wait_for_condition(self, kind: str, name: str, wanted: str, value: str, timeout_seconds: float = 180) -> Status:
        """Waits until a condition has a value; returns the status."""
        return self.wait(kind, name, lambda status: condition(status, wanted).get("status") == value, timeout_seconds)

    def wait_until_ready(self, dataset: str, timeout_seconds: float = 120) -> Status:
        """Waits until a dataset is Ready."""
        return self.wait_for_condition("instructiondataset", dataset, "Ready", "True", timeout_seconds)

    def wait_until_succeeded(self, job: str, timeout_seconds: float = 420) -> Status:
        """Waits until a job is Succeeded, or fails with why it is not."""

        def is_over(status: Status) -> bool:
            return condition(status, "Succeeded").get("status") in ("True", "False")

        status = self.wait("sftjob", job, is_over, timeout_seconds)
        assert condition(status, "Succeeded")["status"] == "True", json.dumps(status, indent=1)
        return status

    def jobs(self) -> list[dict[str, Any]]:
        """Every batch Job in the namespace."""
        items: list[dict[str, Any]] = json.loads(self.cluster.kubectl.run("get", "jobs", "-n", self.namespace, "-o", "json"))[
            "items"
        ]
        return items

    def pods(self, *, phase: str | None = None) -> list[dict[str, Any]]:
        """Pods in the namespace."""
        items = json.loads(self.cluster.kubectl.run("get", "pods", "-n", self.namespace, "-o", "json"))["items"]
        return [item for item in items if phase is None or item["status"].get("phase") == phase]


def inline_dataset(name: str, jsonl: str = TEN_ROWS, **spec: Any) -> dict[str, Any]:
    """A dataset of rows written into the manifest."""
    source = {"name": "rows", "inline": {"jsonl": jsonl}}
    return dataset(name, [source], **spec)


def dataset(name: str, sources: Sequence[Mapping[str, Any]], **spec: Any) -> dict[str, Any]:
    """An InstructionDataset; all rows are for training unless the spec says otherwise."""
    body = {"sources": list(sources), "split": {"evalPercent": 0}} | spec
    return {"apiVersion": API_VERSION, "kind": "InstructionDataset", "metadata": {"name": name}, "spec": body}


def tiny_job(name: str, dataset_name: str, *, steps: int = 2, checkpoint_every: int = 1, **spec: Any) -> dict[str, Any]:
    """A job of a few short steps on SmolLM2."""
    body = {
        "model": {"s3": {"uri": MODEL_URI}},
        "datasets": [{"name": dataset_name}],
        "training": {"maxSteps": steps, "epochs": 1000, "microBatchSize": 1, "maxSequenceLength": 64},
        "checkpoint": {"everySteps": checkpoint_every},
    } | spec
    return {"apiVersion": API_VERSION, "kind": "SFTJob", "metadata": {"name": name}, "spec": body}
