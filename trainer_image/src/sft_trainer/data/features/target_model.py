"""The model that rows are meant for: its tokenizer and chat template, to count tokens by. Its weights stay away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sft_trainer.contract import StorePrefix
from sft_trainer.data.features.fast_bpe import fast_bpe
from sft_trainer.data.features.token_lengths import ExactCounter, TokenCounter
from sft_trainer.data.render import Encode
from sft_trainer.model.description import ModelDescription, describe
from sft_trainer.model.files import find_model

PROBED_ROWS = 50
"""Rows on which a faster tokenizer must agree with the model's own before it counts the others."""


@dataclass(frozen=True, slots=True)
class TargetModel:
    """How a model sees rows."""

    description: ModelDescription

    def encode(self, probes: Iterable[str]) -> Encode:
        """Text into tokens, by the same."""
        fast = fast_bpe(self.description.tokenizer, probes)
        return fast.encode if fast else self.description.encode

    def counter(self, probes: Iterable[str]) -> TokenCounter:
        """Counts tokens: with tiktoken where that gives the same ones for what is known of the model and for the probes."""
        return fast_bpe(self.description.tokenizer, probes) or ExactCounter(self.description.encode)


def open_target_model(location: StorePrefix, folder: Path) -> TargetModel:
    """Fetches it into `folder`; raises TrainerFailure."""
    files = find_model(location).without_weights()
    files.download(folder)
    return TargetModel(describe(folder, [file.key for file in files.files], files.weight_format))
