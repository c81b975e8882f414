"""What people are told of a file, without the personal data and secrets that its content may hold: it ends up in a status."""

from __future__ import annotations

from functools import cache

from sft_trainer.contract import CleanSettings
from sft_trainer.data.cleaning.protect import Protector


def masked_message(text: str) -> str:
    """By the default settings, whatever a dataset's own are: they speak of rows that are published."""
    return _protector().masked(text)


@cache
def _protector() -> Protector:
    return Protector(CleanSettings())
