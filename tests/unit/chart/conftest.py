"""The chart, rendered by the real helm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

Values = Mapping[str, Any]
Objects = list[dict[str, Any]]
Helm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def chart(repository: Path) -> Path:
    return repository / "charts" / "sft-operator"


@pytest.fixture(scope="session")
def helm(helm_path: Path, chart: Path) -> Helm:
    """Runs a helm command over the chart, with values; without any cluster."""

    def run(*arguments: str, values: Values | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(helm_path), *arguments, "-f", "-"]
        environment = {"HOME": "/nonexistent", "KUBECONFIG": "/nonexistent"}
        return subprocess.run(
            command, input=json.dumps(values or {}), capture_output=True, text=True, env=environment, timeout=60
        )

    return run


@pytest.fixture(scope="session")
def render(helm: Helm, chart: Path) -> Callable[..., Objects]:
    """The objects that the chart makes of some values."""

    def rendered(values: Values | None = None) -> Objects:
        done = helm("template", "sft-operator", str(chart), "--namespace", "sft-system", values=values)
        assert done.returncode == 0, done.stderr
        return list(_documents(done.stdout))

    return rendered


def _documents(text: str) -> Iterator[dict[str, Any]]:
    for document in yaml.safe_load_all(text):
        if document is not None:
            assert isinstance(document, dict)
            yield document
