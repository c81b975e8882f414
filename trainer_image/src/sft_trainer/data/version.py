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
from sft_trainer.data.digest import EVAL, TRAIN, DatasetDigest, row_hash
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
ROWS_PER_BATCH = 500
"""Held as objects while they are read, some 8 KB for an ordinary row."""


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
    digest = DatasetDigest()
    for split, numbers in splits.items():
        for number in numbers:
            digest.add(split, rows.hashes[number])
    version = Version(digest.hexdigest(), train_rows=len(splits[TRAIN]), eval_rows=len(splits[EVAL]))
    (folder / CARD).write_text(data_card(replace(card, digest=version.digest)))
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


@dataclass(frozen=True, slots=True)
class FetchedVersion:
    """A version on the pod's own disk; its files are those that its manifest lists."""

    dataset: PinnedDataset
    folder: Path


def fetch_version(dataset: PinnedDataset, scratch: Path) -> FetchedVersion:
    """Downloads a version and checks every file against its manifest; raises DatasetCorrupt."""
    folder = scratch / "datasets" / dataset.name
    try:
        manifest = download_verified(open_store(dataset.store), folder)
    except ManifestInvalid as error:
        raise _corrupt(dataset, str(error)) from error
    if (named := manifest.about.get("digest")) != dataset.digest:
        raise _corrupt(dataset, f"the version at {dataset.store.uri} is {str(named)[:12]}, pinned is {dataset.digest[:12]}")
    return FetchedVersion(dataset, folder)


def read_version(version: FetchedVersion) -> Iterator[tuple[str, Row]]:
    """Each row with its split, those of train first; a batch of them is in memory at a time.

    Raises DatasetCorrupt, also after the last row: only then is it known that the rows have the pinned digest.
    """
    digest, pinned, uri = DatasetDigest(), version.dataset.digest, version.dataset.store.uri
    try:
        for split in (TRAIN, EVAL):
            for row in _rows_of(version.folder, split):
                digest.add(split, row_hash(row.content))
                yield split, row
    except (pa.ArrowException, KeyError, TypeError) as error:
        raise _corrupt(version.dataset, f"a parquet file at {uri} cannot be read: {str(error)[:200]}") from error
    if (found := digest.hexdigest()) != pinned:
        raise _corrupt(version.dataset, f"the rows at {uri} have digest {found[:12]}, pinned is {pinned[:12]}")


def _corrupt(dataset: PinnedDataset, what: str) -> Exception:
    remedy = f"raise spec.run of InstructionDataset '{dataset.name}' to prepare it again"
    return invalid(Reason.DATASET_CORRUPT, f"dataset '{dataset.name}': {what}", remedy)


def _rows_of(folder: Path, split: str) -> Iterator[Row]:
    for path in sorted(folder.glob(f"{split}-*.parquet")):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS_PER_BATCH):
                for record in batch.to_pylist():
                    yield Row(content_of(record), Origin(**record["meta"]))
