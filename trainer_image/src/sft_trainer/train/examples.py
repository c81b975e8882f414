"""Rows as the trainer takes them: token ids and labels, with loss on the assistant's turns only."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from sft_trainer.contract import TrainingSettings, WeightFormat
from sft_trainer.data.digest import EVAL, TRAIN
from sft_trainer.data.render import Rendered, cut, render
from sft_trainer.data.rows import Row
from sft_trainer.model.description import ModelDescription, describe

if TYPE_CHECKING:
    from datasets import Dataset

IGNORED = -100
"""The label that PyTorch's cross entropy leaves out."""
TOKENS_PER_CHUNK = 1 << 20
COLUMNS = pa.schema([("input_ids", pa.list_(pa.int32())), ("labels", pa.list_(pa.int32()))])


class Examples:
    """Token ids and labels of the rows that have something to learn, and how many had not. Eight bytes a token, in columns."""

    def __init__(self) -> None:
        self._chunks: list[pa.RecordBatch] = []
        self._ids, self._labels, self._ends = array("i"), array("i"), array("i", [0])
        self._closed = 0
        self.tokens = 0
        self.trained_tokens = 0
        self.dropped = 0

    def __len__(self) -> int:
        return self._closed + len(self._ends) - 1

    def add(self, rendered: Rendered) -> None:
        """One more. A row whose answer lies beyond the cut would cost a step and teach nothing: it is only counted."""
        learned = sum(rendered.learned)
        if not learned:
            self.dropped += 1
            return
        self.tokens += len(rendered.ids)
        self.trained_tokens += learned
        self._ids.extend(rendered.ids)
        self._labels.extend(
            token if is_learned else IGNORED for token, is_learned in zip(rendered.ids, rendered.learned, strict=True)
        )
        self._ends.append(len(self._ids))
        if len(self._ids) >= TOKENS_PER_CHUNK:
            self._close_chunk()

    def take_columns(self) -> pa.Table:
        """`input_ids` and `labels`, a list of 32-bit integers each. They are handed over: only their counts stay here."""
        self._close_chunk()
        chunks, self._chunks = self._chunks, []
        return pa.Table.from_batches(chunks, COLUMNS)

    def _close_chunk(self) -> None:
        self._closed = len(self)
        # The columns are these very bytes, and go on owning them.
        ends = pa.Array.from_buffers(pa.int32(), len(self._ends), [None, pa.py_buffer(self._ends)])
        lists = [
            pa.ListArray.from_arrays(ends, pa.Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(values)]))
            for values in (self._ids, self._labels)
        ]
        self._chunks.append(pa.RecordBatch.from_arrays(lists, schema=COLUMNS))
        self._ids, self._labels, self._ends = array("i"), array("i"), array("i", [0])


def describe_folder(folder: Path) -> ModelDescription:
    """Tokenizer and template of a model folder: the very code that the plan counted with."""
    return describe(folder, [path.name for path in folder.glob("*.safetensors")], WeightFormat.SAFETENSORS)


def make_examples(rows: Iterable[tuple[str, Row]], model: ModelDescription, max_tokens: int) -> dict[str, Examples]:
    """Renders, cuts and labels rows, each with its split; one is in memory at a time. Examples by split."""
    made = {TRAIN: Examples(), EVAL: Examples()}
    for split, row in rows:
        for whole in render(row.content, model.template, model.encode):
            made[split].add(cut(whole, max_tokens))
    return made


def as_dataset(examples: Examples, settings: TrainingSettings) -> Dataset:
    """The trainer's dataset; packed by best fit decreasing (Ding et al. 2024, arXiv 2404.10830) when asked."""
    from datasets import Dataset
    from trl import pack_dataset

    dataset = Dataset(examples.take_columns())
    return pack_dataset(dataset, settings.max_sequence_length, strategy="bfd") if settings.packing else dataset
