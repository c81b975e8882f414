"""What the images promise to a cluster with `restricted` pods."""

from __future__ import annotations

import re

import pytest

from local_cluster.images import IMAGES, REPOSITORY, Image

every_image = pytest.mark.parametrize("image", IMAGES.values(), ids=IMAGES.keys())


def stage(image: Image) -> str:
    """The text of the image's last build stage."""
    text = (REPOSITORY / image.dockerfile).read_text()
    found = re.search(rf"^FROM \S+ AS {image.target}\n(.*?)(?=^FROM |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{image.dockerfile} has no stage {image.target}"
    return found[1]


@every_image
def test_an_image_runs_as_a_user_that_kubelet_can_check_for_non_root(image: Image) -> None:
    assert re.findall(r"^USER (.*)$", stage(image), re.MULTILINE) == ["65532:65532"]


@every_image
def test_the_entrypoint_needs_no_shell(image: Image) -> None:
    module = "sft_operator" if image.name == "operator" else "sft_trainer"
    assert f'ENTRYPOINT ["/opt/sft/bin/python", "-m", "{module}"]' in stage(image)


@every_image
def test_a_change_of_source_comes_after_every_dependency(image: Image) -> None:
    text = (REPOSITORY / image.dockerfile).read_text()
    assert "src/" not in text[: text.rindex("uv pip install")]


def test_what_trains_reaches_for_no_hub() -> None:
    assert "HF_HUB_OFFLINE=1" in stage(IMAGES["trainer"])
