"""A published version, read back whole."""

from __future__ import annotations

from pathlib import Path

from sft_trainer.contract import PinnedDataset
from sft_trainer.data.digest import EVAL, TRAIN
from sft_trainer.data.rows import Row
from sft_trainer.data.version import fetch_version, read_version


def read_back(dataset: PinnedDataset, scratch: Path) -> dict[str, list[Row]]:
    """Its rows by split."""
    rows: dict[str, list[Row]] = {TRAIN: [], EVAL: []}
    for split, row in read_version(fetch_version(dataset, scratch)):
        rows[split].append(row)
    return rows
