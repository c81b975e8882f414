"""What `make test` takes of each matrix."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.matrix_sample import SEED_VARIABLE, chosen_seed, sample

FAULTS = [f"tests/e2e/test_faults.py::test_{n}" for n in range(8)]
INPUTS = [f"tests/e2e/test_bad_input.py::test_it[{n}]" for n in range(14)]
LONE = "tests/e2e/test_quickstart.py::test_control"


def files(cases: set[str]) -> list[str]:
    return sorted(case.split("::")[0] for case in cases)


def test_every_matrix_gives_as_many_cases_as_are_asked_for() -> None:
    assert files(sample([*FAULTS, *INPUTS], 1, "a")) == ["tests/e2e/test_bad_input.py", "tests/e2e/test_faults.py"]
    assert len(sample([*FAULTS, *INPUTS], 3, "a")) == 6


def test_a_lone_long_test_is_no_matrix() -> None:
    assert sample([LONE], 1, "a") == set()


def test_the_same_seed_takes_the_same_cases_in_whatever_order_they_come() -> None:
    assert sample(FAULTS, 2, "a") == sample(reversed(FAULTS), 2, "a")


def test_every_case_is_met_by_some_seed() -> None:
    assert set().union(*(sample(INPUTS, 1, str(seed)) for seed in range(200))) == set(INPUTS)


@pytest.fixture(autouse=True)
def outside_of_any_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook of git runs with variables that name its repository, whatever the working folder is."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_seed_is_the_commit_unless_it_is_given(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=first")
    seed = chosen_seed(tmp_path, {})
    assert git(tmp_path, "rev-parse", "HEAD").startswith(seed)
    assert len(seed) == 12
    assert chosen_seed(tmp_path, {SEED_VARIABLE: "again"}) == "again"


def test_a_tree_without_history_has_a_seed_too(tmp_path: Path) -> None:
    assert chosen_seed(tmp_path, {}) == "no-commit"


def test_a_run_says_its_seed_and_its_cases_and_leaves_out_the_rest(repository: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "--matrix-sample", "1", "tests/e2e"]
    environment = os.environ | {SEED_VARIABLE: "42"}
    said = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True).stdout
    assert f"matrix sample, {SEED_VARIABLE}=42:" in said
    collected = [line for line in said.splitlines() if line.startswith("tests/")]
    assert sum("test_faults.py" in line for line in collected) == 1
    assert sum("test_bad_input.py" in line for line in collected) == 1
    assert any("test_the_quickstart_teaches" in line for line in collected), "what is no matrix stays"
    assert not any("shuffled" in line for line in collected)
