"""Every example is what the API server takes: nobody copies a manifest that is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import KubernetesCluster
from tests.conftest import REPOSITORY
from tests.integration.api.manifests import API_VERSION, Manifest, in_namespace

pytestmark = pytest.mark.integration

EXAMPLES = sorted((REPOSITORY / "examples").rglob("*.yaml"))
every_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(REPOSITORY)))


def documents(path: Path) -> list[Manifest]:
    found: list[dict[str, Any]] = [document for document in yaml.safe_load_all(path.read_text()) if document]
    return found


@every_example
def test_an_example_is_accepted_as_it_stands(api: KubernetesCluster, path: Path) -> None:
    """By a strict dry run, in the words of the file itself."""
    answer = api.kubectl("apply", "--server-side", "--dry-run=server", "-f", str(path))
    assert answer.returncode == 0, answer.stderr


@every_example
def test_an_example_is_applied_for_real(api: KubernetesCluster, namespace: str, path: Path) -> None:
    ours = [in_namespace(document, namespace) for document in documents(path) if document["apiVersion"] == API_VERSION]
    assert ours
    answer = api.apply(*ours)
    try:
        assert answer.returncode == 0, answer.stderr
    finally:
        text = "\n---\n".join(json.dumps(document) for document in ours)
        api.kubectl("delete", "--ignore-not-found", "-f", "-", input=text)
