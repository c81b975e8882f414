"""Programs that stand in for kubectl and helm: they note what they were asked, and answer what a test says."""

from __future__ import annotations

from pathlib import Path

from demo.cluster import AnyCluster, ObjectStoreAccess
from demo.kubectl import Kubectl


def program(file: Path, script: str = "") -> Path:
    """A shell script that first adds its arguments to `calls` beside it."""
    file.write_text(f'#!/bin/sh\nprintf "%s\\n" "{file.name} $*" >> {file.parent}/calls\n{script}\n')
    file.chmod(0o755)
    return file


def calls(folder: Path) -> list[str]:
    """What was asked so far."""
    file = folder / "calls"
    return file.read_text().splitlines() if file.exists() else []


def cluster(folder: Path, kubectl: str = "", helm: str = "") -> AnyCluster:
    """A cluster whose kubectl and helm are such scripts."""
    store = ObjectStoreAccess("http://127.0.0.1:1", "key", "secret", "us-east-1")
    return AnyCluster(Kubectl(program(folder / "kubectl", kubectl), folder / "config"), program(folder / "helm", helm), store)
