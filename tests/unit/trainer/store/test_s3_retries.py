"""What a retry must leave alone."""

from __future__ import annotations

import random

import pytest

from sft_trainer.contract import StorePrefix
from sft_trainer.store import s3


def test_a_retry_leaves_the_random_state_of_the_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "FIRST_DELAY_SECONDS", 0.001)
    store = s3.S3Store(StorePrefix(uri="s3://bucket/", endpoint="http://127.0.0.1:9", region="us-east-1"))
    outcomes = [ConnectionResetError(), ConnectionResetError(), None]

    def call() -> str:
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome
        return "done"

    before = random.getstate()
    assert store._try("key", call) == "done"
    assert random.getstate() == before
