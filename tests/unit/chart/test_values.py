"""Values that cannot be right are refused by helm, with their name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.chart.conftest import Helm
from tests.unit.chart.values import PROFILE

REFUSED = [
    pytest.param({"imagee": {}}, "'imagee' not allowed", id="unknown-value"),
    pytest.param({"image": {"operator": {"repo": "x"}}}, "'repo' not allowed", id="unknown-value-inside"),
    pytest.param({"image": {"pullPolicy": "Sometimes"}}, "/image/pullPolicy", id="pull-policy"),
    pytest.param({"image": {"data": {"digest": "sha256:12"}}}, "/image/data/digest", id="short-digest"),
    pytest.param({"image": {"data": {"repository": ""}}}, "/image/data/repository", id="no-repository"),
    pytest.param({"profiles": {"Big_GPU": PROFILE}}, "Big_GPU", id="profile-name"),
    pytest.param({"profiles": {"a": {"resources": {}}}}, "/profiles/a", id="profile-without-locations"),
    pytest.param({"settings": {"workers": 0}}, "/settings/workers", id="no-workers"),
    pytest.param({"settings": {"logLevel": "info"}}, "/settings/logLevel", id="log-level"),
    pytest.param({"serviceAccount": {"create": False}}, "/serviceAccount", id="account-neither-made-nor-named"),
    pytest.param({"networkPolicy": {"apiServerPorts": []}}, "/networkPolicy/apiServerPorts", id="no-ports"),
]


@pytest.mark.parametrize(("values", "message"), REFUSED)
def test_values_that_cannot_be_right_are_refused_by_name(helm: Helm, chart: Path, values: dict[str, Any], message: str) -> None:
    done = helm("template", "sft-operator", str(chart), values=values)
    assert done.returncode != 0
    assert message in done.stderr


def test_the_notes_name_the_next_two_commands(helm: Helm, chart: Path) -> None:
    done = helm("install", "x", str(chart), "--dry-run=client", values={"profiles": {"one-gpu": PROFILE}})
    assert done.returncode == 0, done.stderr
    notes = done.stdout.partition("NOTES:")[2]
    assert "Namespaces that use profile one-gpu need the Secret object-store for s3://tuned/" in notes
    assert "kubectl apply -n NAMESPACE -f examples/quickstart/" in notes
    assert "kubectl get ids,sft -n NAMESPACE --watch" in notes


def test_without_a_profile_the_notes_say_that_nothing_can_run_yet(helm: Helm, chart: Path) -> None:
    done = helm("install", "x", str(chart), "--dry-run=client")
    assert "It has no TrainingProfile yet" in done.stdout
    assert "helm upgrade x CHART" in done.stdout
