"""How long from `kubectl apply` to a Ready dataset, a planned run, and its first training step? Images are on the node.

Uses the demo's cluster, starting it if need be. Each round takes a namespace of its own, so that nothing is reused but the images
and each converts the model from GGUF anew. Times are those that the objects themselves tell, in whole seconds, and nothing is
polled meanwhile: one `kubectl get --watch` waits, so that two cores are left to what is measured.

The physical limit of the last phase is a process that only imports what a training imports and reads the model's file; it is
measured beside it, on the same machine, outside of the cluster.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from benchmarks.report import print_report
from demo import bucket, quickstart
from demo.__main__ import Stopwatch, explained, prepare_cluster
from demo.cluster import AnyCluster
from demo.installation import OUTPUT_BUCKET
from demo.kubectl import client_environment

ROUNDS = 5
TIMEOUT_SECONDS = 300.0
IMPORTS = "import sys, torch, transformers, peft; from trl import SFTTrainer; open(sys.argv[1], 'rb').read()"

Status = Mapping[str, Any]


def wait_for(cluster: AnyCluster, kind: str, name: str, namespace: str, has_come: Callable[[Status], bool]) -> Status:
    """The status in which it has come; raises QuickstartFailed when the object ends otherwise, or too much time went by."""
    kubectl = cluster.kubectl
    watch = ["get", kind, name, "-n", namespace, "--watch", "-o", 'jsonpath={.status}{"\\n"}']
    environment = client_environment(kubectl.kubeconfig)
    with subprocess.Popen([str(kubectl.binary), *watch], stdout=subprocess.PIPE, text=True, env=environment) as process:
        timer = threading.Timer(TIMEOUT_SECONDS, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                status: Status = json.loads(line) if line.strip() else {}
                if has_come(status):
                    return status
                if quickstart.is_final(status):
                    raise quickstart.QuickstartFailed(f"{kind} {name}: {quickstart.explanation(status)}")
        finally:
            timer.cancel()
            process.kill()
    raise quickstart.QuickstartFailed(f"{kind} {name} did not come to it within {TIMEOUT_SECONDS:.0f} s, or kubectl ended before")


def measure(cluster: AnyCluster) -> dict[str, float]:
    """One round, in seconds since the apply; what it made is removed, however it ends."""
    namespace = f"latency-{uuid.uuid4().hex[:6]}"
    try:
        quickstart.apply(cluster, namespace)
        dataset = wait_for(cluster, "instructiondataset", quickstart.DATASET, namespace, is_ready)
        job = wait_for(cluster, "sftjob", quickstart.JOB, namespace, has_stepped)
        applied = cluster.kubectl.get("instructiondataset", quickstart.DATASET, namespace) or {}
        return phases(applied["metadata"]["creationTimestamp"], dataset, job)
    finally:
        clean_up(cluster, namespace)


def is_ready(dataset: Status) -> bool:
    return quickstart.condition(dataset, "Ready").get("status") == "True"


def has_stepped(job: Status) -> bool:
    return "firstStepAt" in job.get("progress", {})


def phases(applied: str, dataset: Status, job: Status) -> dict[str, float]:
    """What the objects tell, as seconds since the apply, and the length of the last phase."""
    begun = seconds(applied)
    ready = seconds(quickstart.condition(dataset, "Ready")["lastTransitionTime"])
    planned = seconds(quickstart.condition(job, "Planned")["lastTransitionTime"])
    stepped = seconds(job["progress"]["firstStepAt"])
    return {
        "apply_to_ready_s": ready - begun,
        "apply_to_planned_s": planned - begun,
        "apply_to_first_step_s": stepped - begun,
        "planned_to_first_step_s": stepped - planned,
    }


def seconds(timestamp: str) -> float:
    """An RFC 3339 time in seconds since 1970."""
    return datetime.fromisoformat(timestamp).timestamp()


def imports_and_read() -> float:
    """Seconds that a process takes which does nothing but what no training can do without."""
    environment = os.environ | {
        "PYTHONDONTWRITEBYTECODE": ""
    }  # the image holds compiled modules; the first of these runs makes them
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", IMPORTS, str(quickstart.smollm2_gguf())], check=True, env=environment)
    return time.monotonic() - started


def clean_up(cluster: AnyCluster, namespace: str) -> None:
    """Ends the round's training and removes what it wrote."""
    cluster.kubectl.run("delete", "namespace", namespace, "--ignore-not-found", "--wait", "--timeout=180s")
    client = bucket.s3_client(cluster.store)
    for key in bucket.list_objects(client, f"s3://{OUTPUT_BUCKET}/{namespace}/"):
        client.delete_object(Bucket=OUTPUT_BUCKET, Key=key)


def run() -> bool:
    """Shows each round; reports the medians beside the limit."""
    clock = Stopwatch()
    cluster = prepare_cluster(clock)
    quickstart.upload_inputs(cluster)
    limit = statistics.median(imports_and_read() for _ in range(3))
    clock.say(f"limit, imports and reading the model: {limit:.1f} s")
    rounds = []
    for number in range(1, ROUNDS + 1):
        rounds.append(measure(cluster))
        clock.say(f"round {number} of {ROUNDS}: {rounds[-1]}")
    figures = {name: statistics.median(entry[name] for entry in rounds) for name in rounds[0]}
    figures["planned_to_first_step_over_limit"] = figures["planned_to_first_step_s"] / limit
    print_report("start_latency", figures, {"imports_and_read_s": round(limit, 3)})
    return True


if __name__ == "__main__":
    sys.exit(explained(run))
