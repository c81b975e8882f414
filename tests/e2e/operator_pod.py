"""The installed operator as the cluster sees it: how often its container was restarted, and what it created."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from demo.cluster import Cluster
from demo.installation import NAMESPACE, RELEASE

POLL_SECONDS = 0.5
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"


def restarts(cluster: Cluster) -> dict[str, int]:
    """Restarts of the operator's container, by UID of its pod."""
    query = ("get", "pods", "-n", NAMESPACE, "-l", f"app.kubernetes.io/instance={RELEASE}", "-o", "json")
    pods: list[dict[str, Any]] = json.loads(cluster.kubectl.run(*query))["items"]
    return {
        pod["metadata"]["uid"]: sum(container["restartCount"] for container in pod["status"].get("containerStatuses", []))
        for pod in pods
        if pod["status"].get("phase") == "Running"
    }


def wait_for_restart(cluster: Cluster, before: dict[str, int], timeout_seconds: float = 120) -> None:
    """Waits until the operator's container runs again in the same pod; fails when it was never restarted."""
    (uid,) = before
    deadline = time.monotonic() + timeout_seconds
    while restarts(cluster).get(uid, 0) <= before[uid]:
        assert time.monotonic() < deadline, f"the operator's container was not restarted: {restarts(cluster)}, before {before}"
        time.sleep(POLL_SECONDS)


def audited(audit_log: Path, start: int) -> list[dict[str, Any]]:
    """What was written to the cluster, from the API server's audit log beyond a position; the log holds no reads."""
    with audit_log.open() as file:
        file.seek(start)
        return [json.loads(line) for line in file]


def jobs_created(cluster: Cluster, namespace: str, start: int) -> int:
    """How many Jobs were ever created in a namespace since that position of the audit log, those that are gone among them."""

    def is_creation(entry: dict[str, Any]) -> bool:
        about = entry.get("objectRef", {})
        is_job = (about.get("resource"), about.get("subresource", "")) == ("jobs", "")
        is_done = entry.get("responseStatus", {}).get("code") == 201
        return bool(entry["verb"] == "create" and is_job and is_done and about.get("namespace") == namespace)

    return sum(map(is_creation, audited(cluster.audit_log, start)))
