"""A published version: parquet files sorted by row hash, a data card, and a manifest. Written here, read back here."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sft_trainer.contract import PinnedDataset, Reason
from sft_trainer.data.digest import EVAL, TRAIN, dataset_digest, row_hash
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.publish.data_card import DataCard, data_card
from sft_trainer.data.row_columns import content_of, schema_of, to_table
from sft_trainer.data.rows import Origin, Row
from sft_trainer.data.split import Splits
from sft_trainer.failure import invalid
from sft_trainer.store.manifest import Manifest, ManifestInvalid, download_verified, publish_folder, sha256_of
from sft_trainer.store.object_store import ObjectStore, open_store

KIND = "InstructionDataset"
CARD = "README.md"
ROWS_PER_FILE = 100_000
"""About 100 MB of text for ordinary rows: large enough for parquet, small enough to hold."""
ROWS_PER_GROUP = 10_000
"""Held twice while they are written, as objects and as columns."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version's name and size."""

    digest: str
    train_rows: int
    eval_rows: int


def write_version(folder: Path, rows: KeptRows, splits: Splits, filled: Iterable[str], card: DataCard) -> Version:
    """Writes the version's files; `splits` holds the numbers of its rows, `filled` the optional columns that they need."""
    schema = schema_of(filled)
    folder.mkdir(parents=True, exist_ok=True)
    for split, numbers in splits.items():
        in_order = sorted(numbers, key=rows.hashes.__getitem__)
        for number, start in enumerate(range(0, len(in_order), ROWS_PER_FILE)):
            _write_parquet(rows, in_order[start : start + ROWS_PER_FILE], schema, folder / f"{split}-{number:05d}")
    digest = dataset_digest((split, rows.hashes[number].hex()) for split, numbers in splits.items() for number in numbers)
    version = Version(digest, train_rows=len(splits[TRAIN]), eval_rows=len(splits[EVAL]))
    (folder / CARD).write_text(data_card(replace(card, digest=digest)))
    return version


@contextmanager
def _without_cycle_collection() -> Iterator[None]:
    """Python looks for cycles whenever many objects have been made; rows have none, and looking doubles the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _write_parquet(rows: KeptRows, numbers: Sequence[int], schema: pa.Schema, stem: Path) -> None:
    """The name holds a digest of the bytes: two pods that publish the same rows from other files never overwrite each other."""
    unnamed = stem.with_name(f"{stem.name}.unnamed")
    with pq.ParquetWriter(unnamed, schema, compression="zstd") as writer, _without_cycle_collection():
        for start in range(0, len(numbers), ROWS_PER_GROUP):
            group = numbers[start : start + ROWS_PER_GROUP]
            ids = [rows.hashes[number].hex() for number in group]
            documents = [rows.document(number) for number in group]
            writer.write_table(to_table(ids, documents, [rows.origin(number) for number in group], schema))
    unnamed.rename(stem.with_name(f"{stem.name}-{sha256_of(unnamed)[:12]}.parquet"))


def publish_version(store: ObjectStore, folder: Path, version: Version) -> Manifest:
    """Uploads the version below its digest; one that stands there already is used, and mended where it was damaged."""
    about = {"digest": version.digest, "rows": {TRAIN: version.train_rows, EVAL: version.eval_rows}}
    prefix = f"{version.digest}/"
    try:
        return publish_folder(store, folder, KIND, about, prefix)
    except ManifestInvalid as error:
        remedy = f"delete {store.uri}{prefix} and raise spec.run; the version is then published anew"
        raise invalid(Reason.DATASET_CORRUPT, f"this version was published before and is damaged: {error}", remedy) from error


def read_version(dataset: PinnedDataset, scratch: Path) -> dict[str, list[Row]]:
    """The rows by split. Every file is checked against the manifest, and the rows against the pinned digest."""
    folder = scratch / "datasets" / dataset.name
    try:
        manifest = download_verified(open_store(dataset.store), folder)
    except ManifestInvalid as error:
        raise _corrupt(dataset, str(error)) from error
    try:
        rows = {split: _read_split(folder, split) for split in (TRAIN, EVAL)}
        digest = dataset_digest((split, row_hash(row.content)) for split, members in rows.items() for row in members)
    except (pa.ArrowException, KeyError, TypeError) as error:
        raise _corrupt(dataset, f"a parquet file at {dataset.store.uri} cannot be read: {str(error)[:200]}") from error
    if digest != dataset.digest or manifest.about.get("digest") != dataset.digest:
        raise _corrupt(dataset, f"the rows at {dataset.store.uri} have digest {digest[:12]}, pinned is {dataset.digest[:12]}")
    return rows


def _corrupt(dataset: PinnedDataset, what: str) -> Exception:
    remedy = f"raise spec.run of InstructionDataset '{dataset.name}' to prepare it again"
    return invalid(Reason.DATASET_CORRUPT, f"dataset '{dataset.name}': {what}", remedy)


def _read_split(folder: Path, split: str) -> list[Row]:
    rows = []
    for path in sorted(folder.glob(f"{split}-*.parquet")):
        for record in pq.read_table(path).to_pylist():
            rows.append(Row(content_of(record), Origin(**record["meta"])))
    return rows
