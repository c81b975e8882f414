"""Whoever follows the README from its first command to its last gets a trained model, not a refusal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sft_operator.api.instruction_dataset import InstructionDatasetSpec
from sft_operator.api.sft_job import SFTJobSpec
from sft_operator.api.training_profile import TrainingProfileSpec
from sft_operator.core.locations import open_inside, open_output
from sft_operator.core.observed import Profile
from tests.conftest import REPOSITORY
from tests.unit.operator.core.worlds import Cluster, dataset_world, planned, prepared, ready_dataset, sft_job_world, trained

QUICKSTART = REPOSITORY / "examples" / "quickstart"


def yaml_of(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def readme_block(words: str) -> str:
    """The one block of YAML in the README with these words."""
    blocks = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    (found,) = (block for block in blocks if words in block)
    return str(found)


def of_readme() -> dict[str, Any]:
    """Profiles of the values that "Install it" shows."""
    profiles: dict[str, Any] = yaml.safe_load(readme_block("profiles:"))["profiles"]
    return profiles


def of_chart() -> dict[str, Any]:
    """Profiles that the chart's values.yaml shows in a comment."""
    text = (REPOSITORY / "charts/sft-operator/values.yaml").read_text()
    shown = re.search(r"^# (profiles:\n(?:#.*\n)+)", text, re.MULTILINE)
    assert shown
    profiles: dict[str, Any] = yaml.safe_load(shown[1].replace("\n# ", "\n"))["profiles"]
    return profiles


def of_example(name: str) -> dict[str, Any]:
    manifest = yaml_of(REPOSITORY / "examples" / "profiles" / f"{name}.yaml")
    return {manifest["metadata"]["name"]: manifest["spec"]}


@pytest.mark.parametrize(
    "profiles",
    [
        pytest.param(of_readme(), id="README"),
        pytest.param(of_chart(), id="the chart's values"),
        pytest.param(of_example("cpu"), id="examples/profiles/cpu.yaml"),
    ],
)
def test_the_quickstart_is_accepted_by_the_profile_that_is_shown(profiles: dict[str, Any]) -> None:
    found = [Profile(name, TrainingProfileSpec.model_validate(spec)) for name, spec in profiles.items()]
    dataset_spec = InstructionDatasetSpec.model_validate(yaml_of(QUICKSTART / "dataset.yaml")["spec"])
    dataset = Cluster(dataset_world(spec=dataset_spec, profiles=found))
    dataset.settle()
    assert dataset.truth("Accepted") == ("True", "Accepted")
    folder = yaml.safe_load(dataset.configs[0])["versions"]["uri"]
    dataset.end_pod(0, "Completed", prepare=prepared()["prepare"] | {"uri": f"{folder}{'d' * 64}/"})
    assert dataset.truth("Ready")[0] == "True"

    job_spec = SFTJobSpec.model_validate(yaml_of(QUICKSTART / "sftjob.yaml")["spec"])
    (named,) = job_spec.datasets
    seen = ready_dataset()
    published = seen.status.model_copy(update={"version": dataset.status.version})
    datasets = {named.name: type(seen)(seen.generation, published)}
    job = Cluster(sft_job_world(spec=job_spec, profiles=found, datasets=datasets))
    job.settle()
    assert job.truth("Accepted") == ("True", "Accepted")
    job.end_pod(0, "Completed", **planned())
    job.end_pod(0, "Completed", **trained(job.status.resolved.output_uri))
    assert job.truth("Succeeded") == ("True", "Completed")


def test_the_readmes_own_manifests_are_those_of_the_quickstart() -> None:
    dataset, job = yaml.safe_load_all(readme_block("kind: SFTJob"))
    real_dataset, real_job = yaml_of(QUICKSTART / "dataset.yaml"), yaml_of(QUICKSTART / "sftjob.yaml")
    assert dataset["spec"]["sources"] == real_dataset["spec"]["sources"]
    assert (job["spec"]["model"], job["spec"]["datasets"]) == (real_job["spec"]["model"], real_job["spec"]["datasets"])


@pytest.mark.parametrize("namespace", ["support-team", "search-team"])
def test_a_team_publishes_to_one_folder_of_its_own(namespace: str) -> None:
    (spec,) = of_example("one-gpu").values()
    assert namespace in spec["allowedNamespaces"]
    profile = Profile("one-gpu", TrainingProfileSpec.model_validate(spec))
    assert open_output(profile, namespace).store.uri == f"s3://tuned/{namespace}/"
    assert open_inside(f"s3://raw/{namespace}/faq/", profile, namespace, field="x").secret_name == "object-store"
