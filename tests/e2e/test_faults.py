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
from tests.e2e.operator_pod import jobs_created, restarts, wait_for_restart
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
    written, before = installed.audit_log.stat().st_size, restarts(installed)
    rows = "\n".join(json.dumps({"prompt": f"What is {n} + 1?", "completion": f"{n + 1}"}) for n in range(MANY_ROWS))
    uri = team.upload("many.jsonl", rows.encode())
    # Sums that differ in a digit are near duplicates by their text.
    team.apply(dataset("many", [{"name": "rows", "s3": {"uri": uri}}], dedupe={"near": {"action": "Ignore"}}))
    team.wait("instructiondataset", "many", lambda _: bool(team.pods(phase="Running")), 60)
    kill_process(installed, "-m sft_operator")
    assert condition(team.status("instructiondataset", "many"), "Ready").get("status") != "True"
    assert team.pods(phase="Running"), "the rows are still being prepared"
    wait_for_restart(installed, before)
    status = team.wait_until_ready("many")
    assert status["version"]["rows"] == MANY_ROWS
    assert [attempt["number"] for attempt in status["attempts"]] == [1]
    assert jobs_created(installed, team.namespace, written) == 1


def test_an_operator_killed_while_a_job_trains_lets_the_same_attempt_go_on(installed: Cluster, team: Team) -> None:
    written, before = installed.audit_log.stat().st_size, restarts(installed)
    team.apply(inline_dataset("rows"), tiny_job("job", "rows", steps=40, checkpoint_every=5))
    team.wait("sftjob", "job", is_at_step(5), 180)
    kill_process(installed, "-m sft_operator")
    assert team.pods(phase="Running"), "the run is still at work"
    wait_for_restart(installed, before)
    status = team.wait_until_succeeded("job")
    assert status["attemptCount"] == 1
    assert status["attempts"][0]["exitCode"] == 0
    assert jobs_created(installed, team.namespace, written) == 3, "one that prepares, one that plans, one that trains"


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


OUTAGE_STEPS, OUTAGE_EVERY = 60, 3
WRITE_SECONDS = 20
"""After so long a status holds what the pod had reached before: it is written every 15 seconds at least."""


def owes_a_checkpoint(status: Status) -> bool:
    """Whether a checkpoint fell due that is not in the store."""
    progress = status["progress"]
    return bool(progress["step"] >= progress["lastCommittedStep"] + OUTAGE_EVERY)


def test_s3_gone_while_a_checkpoint_falls_due_costs_nothing_but_time(installed: Cluster, team: Team) -> None:
    team.apply(inline_dataset("rows"), tiny_job("job", "rows", steps=OUTAGE_STEPS, checkpoint_every=OUTAGE_EVERY))
    team.wait("sftjob", "job", is_at_step(OUTAGE_EVERY), 180)
    installed.command("stop", "s3")
    try:
        time.sleep(WRITE_SECONDS)
        owing = team.wait("sftjob", "job", owes_a_checkpoint, 120)["progress"]
        time.sleep(WRITE_SECONDS)
        at_end = team.status("sftjob", "job")["progress"]
    finally:
        installed.command("start", "s3")
    committed = owing["lastCommittedStep"]
    due = committed + OUTAGE_EVERY
    assert due < OUTAGE_STEPS, "the outage began before the last checkpoint"
    assert at_end["lastCommittedStep"] == committed, "nothing is committed without S3"
    assert due <= at_end["step"] <= due + OUTAGE_EVERY, "training waits for S3 rather than owe a second checkpoint"
    status = team.wait_until_succeeded("job")
    assert status["attemptCount"] == 1
    assert status["progress"]["lastCommittedStep"] == OUTAGE_STEPS
    for step in (due, OUTAGE_STEPS):
        assert is_committed(team, step), f"the checkpoint of step {step} was uploaded again until it stood"


def is_committed(team: Team, step: int) -> bool:
    """Whether the first attempt's checkpoint of that step has its manifest."""
    return any(f"/checkpoints/step-{step:08d}-a1-" in key and key.endswith("MANIFEST.json") for key in team.output())


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


def test_a_job_deleted_while_it_trains_takes_its_pod_along_and_its_work_stays(installed: Cluster, team: Team) -> None:
    written = installed.audit_log.stat().st_size
    manifest = tiny_job("job", "rows", steps=60, checkpoint_every=5)
    team.apply(inline_dataset("rows"), manifest)
    team.wait("sftjob", "job", is_at_step(5), 180)
    assert team.pods(phase="Running"), "it is at work"
    there = kept_for_good(team.output())
    installed.kubectl.run("delete", "sftjob", "job", "-n", team.namespace, "--wait")
    deadline = time.monotonic() + 180
    while pods_of_job(team) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not pods_of_job(team)
    left = team.output()
    assert there.items() <= left.items(), "nothing that was committed is changed or gone"
    assert not [key for key in left if "/artifact/" in key]
    created = jobs_created(installed, team.namespace, written)
    time.sleep(5)
    assert team.output() == left, "nobody writes any more"
    assert jobs_created(installed, team.namespace, written) == created == 3
    team.apply(manifest)
    again = team.wait_until_succeeded("job")
    assert again["attempts"][0]["resumedFromStep"] >= 5, "the same manifest goes on from what was saved"


def kept_for_good(objects: dict[str, int]) -> dict[str, int]:
    """Size by key of what is written once: dataset versions and checkpoints."""
    return {key: size for key, size in objects.items() if "/datasets/" in key or "/checkpoints/" in key}


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
