"""An operator with nothing to do is quiet and small."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from demo.cluster import Cluster
from local_cluster import cgroups
from local_cluster.layout import ClusterLayout
from tests.e2e.operator_pod import ACCOUNT, audited
from tests.e2e.team import Team, inline_dataset, tiny_job

pytestmark = pytest.mark.e2e

IDLE_SECONDS = 75
"""Longer than one list-and-compare (60 s), which must find nothing to write."""
LIMIT_MIB = 100


def writes_of_operator(audit_log: Path, start: int) -> list[str]:
    """What the operator wrote since that position of the audit log."""
    entries = audited(audit_log, start)
    return [f"{entry['verb']} {entry['requestURI']}" for entry in entries if entry["user"]["username"] == ACCOUNT]


def test_an_idle_operator_writes_nothing_and_stays_below_100_mib(installed: Cluster, team: Team) -> None:
    start = installed.audit_log.stat().st_size
    team.apply(inline_dataset("rows"))
    team.wait_until_ready("rows")
    team.apply(tiny_job("waiting", "not-there"))
    team.wait_for_condition("sftjob", "waiting", "DatasetsReady", "False")
    assert writes_of_operator(installed.audit_log, start), "the audit log shows what it writes when there is something to do"
    time.sleep(10)
    idle_from = installed.audit_log.stat().st_size
    time.sleep(IDLE_SECONDS)
    assert writes_of_operator(installed.audit_log, idle_from) == []
    assert resident_mib(installed) <= LIMIT_MIB


def resident_mib(cluster: Cluster) -> float:
    """Resident memory of the operator's process."""
    for pid in cgroups.processes(ClusterLayout(cluster.name).first_node):
        if "-m\0sft_operator" in Path(f"/proc/{pid}/cmdline").read_text(errors="replace"):
            status = Path(f"/proc/{pid}/status").read_text()
            return int(status.split("VmRSS:")[1].split()[0]) / 1024
    raise AssertionError("the operator's process was not found")
