"""The flow of a `plan` pod."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sft_trainer.contract import ModelFacts, PinnedDataset, PlanConfig, PlanResult
from sft_trainer.data.features.target_model import PROBED_ROWS, TargetModel
from sft_trainer.data.rows import Row
from sft_trainer.data.version import FetchedVersion, fetch_version, read_version
from sft_trainer.model.description import describe
from sft_trainer.model.files import find_model
from sft_trainer.model.safetensors_header import keep_only_header
from sft_trainer.plan.output_probe import probe_output
from sft_trainer.plan.token_counts import count_tokens
from sft_trainer.store.object_store import open_store


def plan(config: PlanConfig, scratch: Path) -> PlanResult:
    """Measures model and data; raises TrainerFailure when the run cannot work."""
    probe_output(open_store(config.output))
    files = find_model(config.model)
    names = [file.key for file in files.files]
    folder = scratch / "model"
    revision = files.download(folder, after_each=_drop_weights)
    description = describe(folder, names, files.weight_format)
    facts = ModelFacts(
        revision=revision,
        weight_format=files.weight_format,
        architecture=description.architecture,
        parameters=description.parameters,
        bytes=files.total_bytes,
        context_length=description.context_length,
    )
    max_tokens = min(config.max_sequence_length, description.context_length)
    rows = read_datasets(fetch_datasets(config.datasets, scratch))
    probed = list(itertools.islice(rows, PROBED_ROWS))
    encode = TargetModel(description).encode(message.content for _, row in probed for message in row.content.messages)
    return PlanResult(model=facts, data=count_tokens(itertools.chain(probed, rows), description.template, encode, max_tokens))


def _drop_weights(path: Path) -> None:
    """Called once a file's digest is taken. A GGUF file stays whole: its reader maps all of it."""
    if path.suffix == ".safetensors":
        keep_only_header(path)


def fetch_datasets(datasets: Sequence[PinnedDataset], scratch: Path) -> list[FetchedVersion]:
    """All datasets on the pod's own disk, in the order the job names them."""
    return [fetch_version(dataset, scratch) for dataset in datasets]


def read_datasets(versions: Iterable[FetchedVersion]) -> Iterator[tuple[str, Row]]:
    """The rows of all datasets, one after the other, each with its split. What `read_version` raises, also at the end of each."""
    for version in versions:
        yield from read_version(version)
