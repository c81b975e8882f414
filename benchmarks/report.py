"""The last line of every benchmark: what was measured, of which commit, on what machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from demo.installation import REPOSITORY

MIN_ROUNDED = 0.1


def machine() -> str:
    """Processor, cores and memory, in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {gib:.0f} GiB"


def commit() -> str:
    """The commit that was measured, marked when the tree differs from it."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()


def print_report(benchmark: str, figures: Mapping[str, float], peers: Mapping[str, float] | None = None) -> None:
    """Prints the JSON object; figures are rounded to what is meant, small shares to three digits that count."""
    rounded = {name: round(value, 3) if abs(value) >= MIN_ROUNDED else float(f"{value:.3g}") for name, value in figures.items()}
    report = {"benchmark": benchmark, "commit": commit(), "machine": machine(), "figures": rounded, "peers": dict(peers or {})}
    print(json.dumps(report))
