"""A published version: parquet files sorted by row hash, a data card, and a manifest. Written here, read back here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sft_trainer.contract import PinnedDataset, Reason
from sft_trainer.data.data_card import data_card
from sft_trainer.data.digest import EVAL, TRAIN, dataset_digest, row_hash
from sft_trainer.data.rows import Message, Origin, Row
from sft_trainer.data.split import split_of
from sft_trainer.failure import invalid
from sft_trainer.store.manifest import Manifest, ManifestInvalid, download_verified, publish_folder, sha256_of
from sft_trainer.store.object_store import ObjectStore, open_store

KIND = "InstructionDataset"
ROWS_PER_FILE = 100_000
"""About 100 MB of text for ordinary rows: large enough for parquet, small enough to hold."""
ROWS_PER_GROUP = 10_000
"""Held twice while they are written, as objects and as columns."""
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
_META = pa.struct([("source", pa.string()), ("file", pa.string()), ("line", pa.int64())])
SCHEMA = pa.schema([("id", pa.string()), ("messages", pa.list_(_MESSAGE)), ("meta", _META)])


@dataclass(frozen=True, slots=True)
class Version:
    """A version's name and size."""

    digest: str
    train_rows: int
    eval_rows: int


def write_version(folder: Path, rows: Mapping[str, Row], eval_percent: int, name: str) -> Version:
    """Writes the version's files."""
    by_split: dict[str, list[str]] = {TRAIN: [], EVAL: []}
    for key in sorted(rows):
        by_split[split_of(key, eval_percent)].append(key)
    folder.mkdir(parents=True, exist_ok=True)
    for split, keys in by_split.items():
        for number, start in enumerate(range(0, len(keys), ROWS_PER_FILE)):
            records = [(key, rows[key]) for key in keys[start : start + ROWS_PER_FILE]]
            _write_parquet(records, folder, f"{split}-{number:05d}")
    digest = dataset_digest((split, key) for split, keys in by_split.items() for key in keys)
    version = Version(digest, train_rows=len(by_split[TRAIN]), eval_rows=len(by_split[EVAL]))
    (folder / "README.md").write_text(data_card(name, digest, version.train_rows, version.eval_rows))
    return version


def _write_parquet(records: Sequence[tuple[str, Row]], folder: Path, stem: str) -> None:
    """The name holds a digest of the bytes: two pods that publish the same rows from other files never overwrite each other."""
    unnamed = folder / f"{stem}.unnamed"
    with pq.ParquetWriter(unnamed, SCHEMA, compression="zstd") as writer:
        for start in range(0, len(records), ROWS_PER_GROUP):
            group = [_record(key, row) for key, row in records[start : start + ROWS_PER_GROUP]]
            writer.write_table(pa.Table.from_pylist(group, SCHEMA))
    unnamed.rename(folder / f"{stem}-{sha256_of(unnamed)[:12]}.parquet")


def _record(key: str, row: Row) -> dict[str, object]:
    origin = {"source": row.origin.source, "file": row.origin.file, "line": row.origin.line}
    return {"id": key, **row.content(), "meta": origin}


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
    except (pa.ArrowException, KeyError, TypeError) as error:
        raise _corrupt(dataset, f"a parquet file at {dataset.store.uri} cannot be read: {str(error)[:200]}") from error
    digest = dataset_digest((split, row_hash(row)) for split, members in rows.items() for row in members)
    if digest != dataset.digest or manifest.about.get("digest") != dataset.digest:
        raise _corrupt(dataset, f"the rows at {dataset.store.uri} have digest {digest[:12]}, pinned is {dataset.digest[:12]}")
    return rows


def _corrupt(dataset: PinnedDataset, what: str) -> Exception:
    remedy = f"raise spec.run of InstructionDataset '{dataset.name}' to prepare it again"
    return invalid(Reason.DATASET_CORRUPT, f"dataset '{dataset.name}': {what}", remedy)


def _read_split(folder: Path, split: str) -> list[Row]:
    rows = []
    for path in sorted(folder.glob(f"{split}-*.parquet")):
        for record in pq.read_table(path, schema=SCHEMA).to_pylist():
            messages = tuple(Message(message["role"], message["content"]) for message in record["messages"])
            rows.append(Row(messages, Origin(**record["meta"])))
    return rows
