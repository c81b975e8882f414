"""Which images are whose, and which of a node an image that was just loaded makes superfluous."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cluster import images
from local_cluster.images import IMAGES, local_name, of_other_clones, superseded

REGISTRY = "10.200.1.2:5000"
NEW = f"{REGISTRY}/sft-trainer:data-bbbbbbbbbbbb"


def test_an_earlier_build_of_the_same_image_is_superseded() -> None:
    assert superseded([f"{REGISTRY}/sft-trainer:data-aaaaaaaaaaaa", NEW], [], NEW) == [
        f"{REGISTRY}/sft-trainer:data-aaaaaaaaaaaa"
    ]


def test_an_earlier_build_that_a_container_uses_stays() -> None:
    old = f"{REGISTRY}/sft-trainer:data-aaaaaaaaaaaa"
    assert superseded([old, NEW], [old], NEW) == []


def test_other_images_stay() -> None:
    others = [
        f"{REGISTRY}/sft-trainer:train-aaaaaaaaaaaa",
        f"{REGISTRY}/sft-operator:aaaaaaaaaaaa",
        "localhost/sft-pause:1",
        "sha256:2a786199c2d8d1554faeac4ae3516ece6524d839312f527c2b8e4164b45bc8c9",
    ]
    assert superseded(others, [], NEW) == []


def test_a_tag_without_a_prefix_supersedes_only_its_own_kind() -> None:
    new = f"{REGISTRY}/sft-operator:bbbbbbbbbbbb"
    names = [f"{REGISTRY}/sft-operator:aaaaaaaaaaaa", f"{REGISTRY}/sft-trainer:data-aaaaaaaaaaaa"]
    assert superseded(names, [], new) == [f"{REGISTRY}/sft-operator:aaaaaaaaaaaa"]


def test_the_bare_id_of_a_superseded_image_goes_with_it() -> None:
    old, old_id, other_id = f"{REGISTRY}/sft-trainer:data-aaaaaaaaaaaa", "sha256:" + "a" * 64, "sha256:" + "c" * 64
    assert superseded([old, old_id, other_id, NEW], [], NEW) == [old, old_id]
    assert superseded([old, old_id, other_id, NEW], [old], NEW) == []


def test_two_clones_never_share_the_name_of_an_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = {local_name(image) for image in IMAGES.values()}
    monkeypatch.setattr(images, "REPOSITORY", tmp_path)
    assert own.isdisjoint(local_name(image) for image in IMAGES.values())


def test_where_disk_is_short_images_of_other_clones_go_and_what_all_share_stays() -> None:
    own = [local_name(image) for image in IMAGES.values()]
    shared = ["localhost/sft-base:0123456789ab", images.PAUSE_IMAGE, "<none>:<none>"]
    others = ["localhost/sft-trainer:0a1b2c3d-trainer", "localhost/sft-operator:operator"]
    assert of_other_clones([*own, *shared, *others]) == others
