"""Secrets by their form, and what only looks like one."""

from __future__ import annotations

import pytest

from sft_trainer.data.cleaning.secrets import find_secrets, may_hold_secrets


@pytest.mark.parametrize("text", ["sk-proj-abcdEFGH1234ijklMNOP5678qrst", "key: sk-9f8e7d6c5b4a39281706f5e4d3c2b1a0"])
def test_a_key_is_found(text: str) -> None:
    assert may_hold_secrets(text)
    assert list(find_secrets(text))


@pytest.mark.parametrize(
    "text", ["pip install sk-learn-contrib-package-name-is-long", '<b class="sk-fading-circle-dot-large-primary">']
)
def test_names_of_packages_and_classes_are_none(text: str) -> None:
    assert not list(find_secrets(text))
