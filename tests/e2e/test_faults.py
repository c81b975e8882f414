"""Things die. The same run goes on, nothing is started twice, and no more than one checkpoint interval is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.cluster import Cluster
from demo.quickstart import condition
from local_cluster import cgroups
from local_cluster.layout import ClusterLayout
from tests.e2e.team import Status, Team, dataset, inline_dataset, tiny_job

pytestmark = [pytest.mark.e2e, pytest.mark.matrix]

MANY_ROWS = 300_000
"""Preparing so many takes long enough to kill the operator meanwhile."""


def kill_process(cluster: Cluster, *words: str) -> None:
    """kill -9 of the one process in the cluster's pods whose command line holds all the words."""
    node = ClusterLayout(cluster.name).first_node
    matching = [pid for pid in cgroups.processes(node) if all(word in command_line(pid) for word in words)]
    assert len(matching) == 1, f"{words} match processes {matching}"
    os.kill(matching[0], signal.SIGKILL)


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_at_step(step: int) -> Callable[[Status], bool]:
    return lambda status: status.get("progress", {}).get("lastCommittedStep", 0) >= step


def test_an_operator_killed_while_a_dataset_is_prepared_starts_no_second_job(installed: Cluster, team: Team) -> None:
    rows = "\n".join(json.dumps({"prompt": f"What is {n} + 1?", "completion": f"{n + 1}"}) for n in range(MANY_ROWS))
    uri = team.upload("many.jsonl", rows.encode())
    # Sums that differ in a digit are near duplicates by their text.
    team.apply(dataset("many", [{"name": "rows", "s3": {"uri": uri}}], dedupe={"near": {"action": "Ignore"}}))
    team.wait("instructiondataset", "many", lambda _: bool(team.pods(phase="Running")), 60)
    kill_process(installed, "-m sft_operator")
    status = team.wait_until_ready("many")
    assert status["version"]["rows"] == MANY_ROWS
    assert [attempt["number"] for attempt in status["attempts"]] == [1]
    assert len(team.jobs()) <= 1


def test_an_operator_killed_while_a_job_trains_lets_the_same_attempt_go_on(installed: Cluster, team: Team) -> None:
    team.apply(inline_dataset("rows"), tiny_job("job", "rows", steps=40, checkpoint_every=5))
    team.wait("sftjob", "job", is_at_step(5), 180)
    kill_process(installed, "-m sft_operator")
    status = team.wait_until_succeeded("job")
    assert status["attemptCount"] == 1
    assert status["attempts"][0]["exitCode"] == 0
    assert sum(name.startswith("sft-") and "-plan" not in name for name in job_names(team)) == 1, "no second Job"


def test_a_killed_training_pod_resumes_from_the_last_committed_step(installed: Cluster, team: Team) -> None:
    team.apply(inline_dataset("rows"), tiny_job("job", "rows", steps=60, checkpoint_every=5))
    before = team.wait("sftjob", "job", is_at_step(10), 180)
    kill_process(installed, "sft_trainer.train.rank")
    status = team.wait_until_succeeded("job")
    first, second = status["attempts"]
    assert first["exitCode"] == 137
    assert second["resumedFromStep"] >= before["progress"]["lastCommittedStep"]


def test_a_deleted_training_pod_saves_and_the_next_attempt_goes_on(installed: Cluster, team: Team) -> None:
    team.apply(inline_dataset("rows"), tiny_job("job", "rows", steps=60, checkpoint_every=1000))
    team.wait("sftjob", "job", lambda status: status.get("progress", {}).get("step", 0) >= 3, 180)
    pod = team.pods(phase="Running")[0]["metadata"]["name"]
    installed.kubectl.run("delete", "pod", pod, "-n", team.namespace, "--wait=false")
    status = team.wait_until_succeeded("job")
    assert status["attempts"][0]["exitCode"] == 20
    assert status["attempts"][1]["resumedFromStep"] >= 3
    assert status["retryCount"] == 0, "a preemption costs nothing of the budget"


def test_s3_gone_for_half_a_minute_costs_nothing_but_time(installed: Cluster, team: Team) -> None:
    team.apply(inline_dataset("rows"), tiny_job("job", "rows", steps=30, checkpoint_every=3))
    team.wait("sftjob", "job", is_at_step(3), 180)
    installed.command("stop", "s3")
    try:
        there = team.status("sftjob", "job")["progress"]["lastCommittedStep"]
        time.sleep(30)
        gone = team.status("sftjob", "job")["progress"]
    finally:
        installed.command("start", "s3")
    status = team.wait_until_succeeded("job")
    assert there < 30, "the outage began before the last checkpoint"
    assert gone["lastCommittedStep"] <= there + 3, "no checkpoint but one that was on its way was committed without S3"
    assert status["attemptCount"] == 1
    assert status["progress"]["lastCommittedStep"] == 30
    assert any("/checkpoints/step-00000030-" in key and key.endswith("MANIFEST.json") for key in team.output())


def test_a_second_job_on_the_same_dataset_reuses_its_version(team: Team) -> None:
    team.apply(inline_dataset("rows"), tiny_job("one", "rows"), tiny_job("two", "rows", steps=3))
    one, two = team.wait_until_succeeded("one"), team.wait_until_succeeded("two")
    assert one["pinnedDatasets"] == two["pinnedDatasets"]
    assert sum("-ids-" in name or name.startswith("ids-") for name in job_names(team)) <= 1
    assert len(versions_in_store(team)) == 1


def job_names(team: Team) -> list[str]:
    return [job["metadata"]["name"] for job in team.jobs()]


def versions_in_store(team: Team) -> set[str]:
    parts = [key.split("/") for key in team.output() if "/datasets/" in key and key.endswith("MANIFEST.json")]
    return {part[3] for part in parts}


def test_a_deleted_job_takes_its_pods_along_leaves_s3_alone_and_is_not_trained_again(installed: Cluster, team: Team) -> None:
    manifest = tiny_job("job", "rows")
    team.apply(inline_dataset("rows"), manifest)
    first = team.wait_until_succeeded("job")
    left = team.output()
    installed.kubectl.run("delete", "sftjob", "job", "-n", team.namespace, "--wait", "--cascade=foreground")
    deadline = time.monotonic() + 60
    while pods_of_job(team) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not pods_of_job(team)
    assert team.output() == left
    team.apply(manifest)
    again = team.wait_until_succeeded("job")
    assert again["artifact"] == first["artifact"]
    assert again["attempts"][-1]["reason"] == "AlreadyCompleted"
    assert checkpoints(team.output()) == checkpoints(left), "nothing was trained"


def pods_of_job(team: Team) -> list[str]:
    names = [pod["metadata"]["name"] for pod in team.pods()]
    return [name for name in names if name.startswith("sft-job-")]


def checkpoints(objects: dict[str, int]) -> set[str]:
    return {key for key in objects if "/checkpoints/" in key}


def test_only_a_greater_run_trains_again(team: Team) -> None:
    team.apply(inline_dataset("rows"), tiny_job("job", "rows"))
    first = team.wait_until_succeeded("job")
    team.apply(tiny_job("job", "rows"))
    time.sleep(5)
    assert team.status("sftjob", "job") == first, "the same manifest changes nothing"
    team.apply(tiny_job("job", "rows", run=2))

    def is_second_run(status: Status) -> bool:
        return status.get("run") == 2 and condition(status, "Succeeded").get("status") == "True"

    second = team.wait("sftjob", "job", is_second_run, 300)
    assert second["artifact"]["uri"] != first["artifact"]["uri"]
    assert second["attempts"][-1]["reason"] == "Completed"
