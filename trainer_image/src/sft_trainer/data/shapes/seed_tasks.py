"""Self-Instruct's seed tasks: an instruction with instances of input and output (Wang et al. 2022, arXiv:2212.10560)."""

from __future__ import annotations

from collections.abc import Mapping

from sft_trainer.data.rows import Message, RowRejected
from sft_trainer.data.shapes.fields import Document, items
from sft_trainer.data.shapes.instructions import alpaca


def seed_task(document: Document) -> tuple[Message, ...]:
    """A task of one instance, as all of the published ones are; of several a row each would be needed."""
    instances = items(document, "instances")
    if len(instances) != 1:
        raise RowRejected("SeveralInstances")
    if not isinstance(instances[0], Mapping):
        raise RowRejected("BadMessage")
    return alpaca({**document, **instances[0]})
