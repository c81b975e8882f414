"""Long-running processes of a cluster: started once, recorded by pid and start time, ended only if they are still the same."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_cluster.console import LocalClusterError
from local_cluster.proxy import proxy_exceptions

STOP_SECONDS = 15.0
"""etcd and kubelet need a few seconds to stop in order; after this they are killed."""
_children: dict[int, subprocess.Popen[bytes]] = {}
"""What this very process started. It usually ends before them, and they go on."""


@atexit.register
def _let_go() -> None:
    """Python warns of each child that outlives it; these are meant to."""
    for child in _children.values():
        child.returncode = 0


def start_time(pid: int) -> str | None:
    """The kernel's start time of a process (field 22 of stat), or None when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def command_lines() -> Iterator[tuple[int, list[str]]]:
    """Every process of the machine with its arguments."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            yield int(folder.name), (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue


@dataclass(frozen=True, slots=True)
class Component:
    """One process: how it is started, and where its record and log lie."""

    name: str
    command: Sequence[str]
    state: Path
    network_namespace: str | None = None
    environment: Mapping[str, str] | None = None
    files: Sequence[Path] = ()
    """Configuration that it reads when it starts."""

    @property
    def record(self) -> Path:
        return self.state / "processes" / f"{self.name}.json"

    @property
    def log(self) -> Path:
        return self.state / "logs" / f"{self.name}.log"

    def pid(self) -> int | None:
        """The running process of this component, if it runs."""
        return recorded_pid(self.record)

    def start(self) -> None:
        """Starts it unless it runs already with the same command and the same configuration."""
        started_from = {"command": list(self.command), "configuration": self._configuration()}
        if self.pid() is not None:
            if started_from.items() <= json.loads(self.record.read_text()).items():
                return
            self.stop()
        self.record.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # nsenter, not `ip netns exec`: that remounts /sys and hides the cgroups from the kubelet.
        enter = ["nsenter", f"--net=/run/netns/{self.network_namespace}"] if self.network_namespace else []
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*enter, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | proxy_exceptions(os.environ) | dict(self.environment or {}),
            )
        _children[process.pid] = process
        started = start_time(process.pid)
        self.record.write_text(json.dumps({"pid": process.pid, "start": started, **started_from}))

    def _configuration(self) -> str:
        """Digest of the files' content."""
        return hashlib.sha256(b"\0".join(file.read_bytes() for file in self.files)).hexdigest()

    def stop(self) -> None:
        """Ends it: SIGTERM, then SIGKILL."""
        stop_recorded(self.record)

    def require_running(self) -> None:
        """Raises with the end of its log when it has died."""
        if self.pid() is None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
            advice = "To begin anew: python -m local_cluster down, then up (with the cluster's --name)"
            raise LocalClusterError(f"{self.name} stopped. The end of {self.log}:\n{tail}\n{advice}")


def recorded_pid(record: Path) -> int | None:
    """The pid in a record, if that very process still runs."""
    try:
        content = json.loads(record.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    pid = int(content["pid"])
    return pid if start_time(pid) is not None and start_time(pid) == content["start"] else None


def stop_recorded(record: Path) -> None:
    """Ends the recorded process and forgets it."""
    pid = recorded_pid(record)
    if pid is not None:
        end_process(pid)
    record.unlink(missing_ok=True)


def end_process(pid: int) -> None:
    """SIGTERM, then SIGKILL to one process."""
    if not _signal_and_wait(pid, signal.SIGTERM):
        kill_process(pid)


def kill_process(pid: int) -> None:
    """SIGKILL to one process."""
    _signal_and_wait(pid, signal.SIGKILL)


def _signal_and_wait(pid: int, number: signal.Signals) -> bool:
    """Whether the process is gone within STOP_SECONDS."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + STOP_SECONDS
    while start_time(pid) is not None and time.monotonic() < deadline:
        _reap(pid)
        time.sleep(0.05)
    return start_time(pid) is None


def _reap(pid: int) -> None:
    """A child of this very process stays a zombie until it is waited for."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
