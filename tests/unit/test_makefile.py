"""What `make` does where nothing was set up yet."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def fresh_clone(tmp_path: Path, repository: Path) -> Path:
    shutil.copy(repository / "Makefile", tmp_path)
    shutil.copytree(repository / "benchmarks", tmp_path / "benchmarks")
    for file in ("uv.lock", "pyproject.toml", "operator/pyproject.toml", "trainer_image/pyproject.toml"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("target", ["down", "clean"])
def test_what_undoes_things_sets_nothing_up(fresh_clone: Path, target: str) -> None:
    commands = make(fresh_clone, "--dry-run", target).stdout
    assert "python3 -m local_cluster" in commands
    assert "uv" not in commands
    assert "uv sync" in make(fresh_clone, "--dry-run", "setup").stdout, "the dry run shows what a target sets up"


def test_bench_without_a_name_lists_the_benchmarks_and_nothing_else(fresh_clone: Path) -> None:
    (fresh_clone / ".venv").mkdir()
    (fresh_clone / ".venv" / "synced").touch()
    done = make(fresh_clone, "--assume-old=.venv/synced", "bench")
    assert done.returncode != 0
    names = done.stderr.split("NAME=")[1].split()[0].split("|")
    assert names == ["data_engine", "near_duplicate_recall", "start_latency"]
