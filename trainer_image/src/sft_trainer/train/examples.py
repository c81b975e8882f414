"""Rows as the trainer takes them: token ids and labels, with loss on the assistant's turns only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sft_trainer.contract import TrainingSettings, WeightFormat
from sft_trainer.data.render import cut, render
from sft_trainer.data.rows import Row
from sft_trainer.model.description import ModelDescription, describe

if TYPE_CHECKING:
    from datasets import Dataset

IGNORED = -100
"""The label that PyTorch's cross entropy leaves out."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Token ids and labels of the rows that have something to learn, and how many had not."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    dropped: int

    @property
    def tokens(self) -> int:
        return sum(map(len, self.input_ids))

    @property
    def trained_tokens(self) -> int:
        return sum(label != IGNORED for row in self.labels for label in row)


def describe_folder(folder: Path) -> ModelDescription:
    """Tokenizer and template of a model folder: the very code that the plan counted with."""
    return describe(folder, [path.name for path in folder.glob("*.safetensors")], WeightFormat.SAFETENSORS)


def make_examples(rows: Sequence[Row], model: ModelDescription, max_tokens: int) -> Examples:
    """Renders, cuts and labels. A row whose answer lies beyond the cut would cost a step and teach nothing."""
    input_ids, labels, dropped = [], [], 0
    for whole in (example for row in rows for example in render(row.content, model.template, model.encode)):
        rendered = cut(whole, max_tokens)
        if not any(rendered.learned):
            dropped += 1
            continue
        input_ids.append(rendered.ids)
        labels.append(
            [token if is_learned else IGNORED for token, is_learned in zip(rendered.ids, rendered.learned, strict=True)]
        )
    return Examples(input_ids, labels, dropped)


def as_dataset(examples: Examples, settings: TrainingSettings) -> Dataset:
    """The trainer's dataset; packed by best fit decreasing (Ding et al. 2024, arXiv 2404.10830) when asked."""
    from datasets import Dataset
    from trl import pack_dataset

    dataset = Dataset.from_dict({"input_ids": examples.input_ids, "labels": examples.labels})
    return pack_dataset(dataset, settings.max_sequence_length, strategy="bfd") if settings.packing else dataset
