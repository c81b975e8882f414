"""How long from `kubectl apply` to a Ready dataset, a planned run, and its first training step? Images are on the node.

Uses the demo cluster, starting it if need be. Each round takes a namespace of its own, so that nothing is reused but the images:
each one converts the model from GGUF anew. The physical limit of the last phase is importing torch, transformers and TRL and
reading the weights; the log of the training pod says how long each of these took.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable
from datetime import datetime

from benchmarks.report import print_report
from demo import bucket, quickstart
from demo.__main__ import CLUSTER_NAME, Stopwatch, prepare_cluster
from demo.cluster import Cluster
from demo.installation import OUTPUT_BUCKET

ROUNDS = 3
POLL_SECONDS = 0.2
TIMEOUT_SECONDS = 300.0


def wait_for(holds: Callable[[], bool], what: str) -> float:
    """Time at which something became true."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {TIMEOUT_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    return time.monotonic()


def measure(cluster: Cluster) -> dict[str, float]:
    """One round, in seconds since the apply."""
    namespace = f"latency-{uuid.uuid4().hex[:6]}"
    started, started_at = time.monotonic(), time.time()
    quickstart.apply(cluster, namespace)

    def is_true(kind: str, name: str, condition: str) -> bool:
        status = (cluster.kubectl.get(kind, name, namespace) or {}).get("status", {})
        return quickstart.condition(status, condition).get("status") == "True"

    def first_step_at() -> str | None:
        status = (cluster.kubectl.get("sftjob", quickstart.JOB, namespace) or {}).get("status", {})
        at: str | None = status.get("progress", {}).get("firstStepAt")
        return at

    ready = wait_for(lambda: is_true("instructiondataset", quickstart.DATASET, "Ready"), "the dataset")
    planned = wait_for(lambda: is_true("sftjob", quickstart.JOB, "Planned"), "the plan")
    wait_for(lambda: first_step_at() is not None, "the first step")
    stepped = datetime.fromisoformat(first_step_at() or "").timestamp() + 1  # written without its fraction: at the latest
    clean_up(cluster, namespace)
    return {
        "apply_to_ready_s": ready - started,
        "apply_to_planned_s": planned - started,
        "apply_to_first_step_s": stepped - started_at,
    }


def clean_up(cluster: Cluster, namespace: str) -> None:
    """Ends the round's training and removes what it wrote."""
    cluster.kubectl.run("delete", "namespace", namespace, "--wait", "--timeout=180s")
    client = bucket.s3_client(cluster.store)
    for key in bucket.list_objects(client, f"s3://{OUTPUT_BUCKET}/{namespace}/"):
        client.delete_object(Bucket=OUTPUT_BUCKET, Key=key)


def main() -> None:
    """Prints each round and the median."""
    clock = Stopwatch()
    cluster = prepare_cluster(clock)
    quickstart.upload_inputs(cluster)
    rounds = []
    for number in range(1, ROUNDS + 1):
        rounds.append(measure(cluster))
        clock.say(f"round {number} on cluster '{CLUSTER_NAME}': {rounds[-1]}")
    print_report("start_latency", {name: statistics.median(entry[name] for entry in rounds) for name in rounds[0]})


if __name__ == "__main__":
    main()
