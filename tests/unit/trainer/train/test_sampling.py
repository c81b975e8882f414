"""Samples are written and read back as they are, whatever the model said."""

from __future__ import annotations

from pathlib import Path

import pytest

from sft_trainer.contract import Sample
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.train.sampling import load_samples, store_samples


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c", "\n", "\r\n"], ids=ascii)
def test_an_answer_with_any_kind_of_line_break_reads_back(tmp_path: Path, character: str) -> None:
    samples = [
        Sample(prompt=f"one{character}two", before=character, after=f"a{character}"),
        Sample(prompt="p", before="", after=""),
    ]
    store = LocalFolder(tmp_path)
    store_samples(store, samples)
    assert load_samples(store) == samples
