"""Runs a program to its end; its error text becomes ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local_cluster.console import LocalClusterError
from local_cluster.proxy import proxy_exceptions


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str | None = None) -> str:
    """Returns stdout; a failure raises LocalClusterError with the last lines the program wrote."""
    environment = os.environ | proxy_exceptions(os.environ) | dict(env or {})
    try:
        done = subprocess.run(
            [str(part) for part in command], cwd=cwd, env=environment, input=stdin, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise LocalClusterError(
            f"{error.filename} was not found on this machine; `python -m local_cluster up` installs and builds what is missing"
        ) from error
    if done.returncode != 0:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise LocalClusterError(f"{' '.join(str(part) for part in command[:4])} ... failed ({done.returncode}):\n{tail}")
    return done.stdout


def succeeds(*command: str | Path) -> bool:
    """Whether a program is there and exits 0."""
    try:
        environment = os.environ | proxy_exceptions(os.environ)
        return subprocess.run([str(part) for part in command], env=environment, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
