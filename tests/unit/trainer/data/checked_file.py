"""`sft-data check` of one file, in a process of its own: what it said, how long it took, how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

MAX_MIB = 700
"""The engine itself needs 200 MiB, a look at a file 16 MiB, unpacking a window of up to 128 MiB; a bomb wants gigabytes."""
MAX_SECONDS = 90
GIB = 1 << 30
CHUNK = b"a" * (1 << 20)


class Ended(NamedTuple):
    """How a run of `sft-data check` ended."""

    code: int
    said: str
    peak_mib: float
    seconds: float


def check(path: Path, folder: Path) -> Ended:
    """A process of its own, whose peak of memory the kernel tells."""
    said = folder / "said"
    began = time.monotonic()
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sft_trainer.data.command_line", "check", str(path)], stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Ended(process.returncode, said.read_text(), usage.ru_maxrss / 1024, time.monotonic() - began)


def endless_line(path: Path, size: int = GIB) -> None:
    """A row that begins well and never ends. What was not written of it takes no disk."""
    with path.open("wb") as file:
        file.write(b'{"prompt": "a", "completion": "b"}\n{"prompt": "' + CHUNK)
        file.truncate(size)
