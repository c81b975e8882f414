"""Self-Instruct's seed tasks: an instruction with instances of input and output (Wang et al. 2022, arXiv:2212.10560)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sft_trainer.data.rows import RowRejected
from sft_trainer.data.shapes.fields import Document, Reader, Turns, items, reader
from sft_trainer.data.shapes.instructions import alpaca_reader


def seed_task_reader(names: Collection[str]) -> Reader:
    """A task of one instance, as all of the published ones are; of several a row each would be needed."""
    return reader(_seed_task, "instances", *alpaca_reader(names).used)


def _seed_task(document: Document) -> Turns:
    instances = items(document, "instances")
    if len(instances) != 1:
        raise RowRejected("SeveralInstances")
    if not isinstance(instances[0], Mapping):
        raise RowRejected("BadMessage")
    task = {**document, **instances[0]}
    return alpaca_reader(task).read(task)
