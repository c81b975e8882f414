"""What the operator is told at its start."""

from __future__ import annotations

import pytest

from sft_operator.settings import Settings, SettingsError

LEAST = {"SFT_DATA_IMAGE": "registry/data:1", "SFT_TRAINER_IMAGE": "registry/trainer:1"}


def test_the_images_are_all_that_must_be_given() -> None:
    settings = Settings.from_environment(LEAST)
    assert (settings.images.data, settings.images.trainer) == ("registry/data:1", "registry/trainer:1")
    assert (settings.images.pull_policy, settings.log_level, settings.resync_seconds) == ("IfNotPresent", "INFO", 60)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SFT_DATA_IMAGE": ""}, "SFT_DATA_IMAGE is not set"),
        ({"SFT_TRAINER_IMAGE": " "}, "SFT_TRAINER_IMAGE is not set"),
        ({"SFT_IMAGE_PULL_POLICY": "Sometimes"}, "one of Always, IfNotPresent, Never"),
        ({"SFT_LOG_LEVEL": "loud"}, "SFT_LOG_LEVEL is 'loud'"),
        ({"SFT_WORKERS": "0"}, "whole number from 1 to 64"),
        ({"SFT_RESYNC_SECONDS": "1e3"}, "SFT_RESYNC_SECONDS is '1e3'"),
        ({"SFT_HEALTH_PORT": "-1"}, "whole number from 1 to 65535"),
    ],
)
def test_what_cannot_be_used_is_named_together_with_what_it_must_be(changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment(LEAST | changes)
