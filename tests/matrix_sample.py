"""`--matrix-sample K`: of every matrix K cases by a seed: `make test` meets every matrix, with other cases at each commit.

A matrix is all tests of one file that are marked `matrix`. A file with no more than K of them holds no matrix but long tests,
which stay with `make test-matrix`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

SEED_VARIABLE = "SFT_TEST_SEED"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option itself."""
    parser.addoption(
        "--matrix-sample", type=int, metavar="K", help=f"of every matrix only K cases, by {SEED_VARIABLE} or the commit"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects what the sample leaves out, and says what it took."""
    size: int | None = config.getoption("--matrix-sample")
    if size is None:
        return
    seed = chosen_seed(config.rootpath, os.environ)
    cases = {item.nodeid for item in items if item.get_closest_marker("matrix")}
    taken = sample(cases, size, seed)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in cases - taken])
    items[:] = [item for item in items if item.nodeid not in cases - taken]
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal:
        terminal.write_line(f"matrix sample, {SEED_VARIABLE}={seed}:")
        for case in sorted(taken):
            terminal.write_line(f"  {case}")


def chosen_seed(repository: Path, environment: Mapping[str, str]) -> str:
    """What the variable says, or else the commit; a tree without history always has the same."""
    if seed := environment.get(SEED_VARIABLE):
        return seed
    # Root may run the tests of a tree that is somebody else's; git reads nothing of such a tree unless told to.
    command = ["git", "-c", "safe.directory=*", "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else "no-commit"


def sample(cases: Iterable[str], size: int, seed: str) -> set[str]:
    """Node ids, `size` of each file. The seed ranks each by itself, so a case that is added does not reshuffle the others."""
    matrices: dict[str, list[str]] = {}
    for case in cases:
        matrices.setdefault(case.split("::")[0], []).append(case)

    def rank(case: str) -> bytes:
        return hashlib.sha256(f"{seed} {case}".encode()).digest()

    return {case for matrix in matrices.values() if len(matrix) > size for case in sorted(matrix, key=rank)[:size]}
