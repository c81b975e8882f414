"""A published version's folder into another trainer's files: one JSONL a split, and what that trainer wants beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from sft_trainer.contract import ExportShape, Reason
from sft_trainer.data.digest import EVAL, TRAIN
from sft_trainer.data.publish.exports import ExportSummary, dataset_info, export
from sft_trainer.data.row_columns import content_of
from sft_trainer.data.rows import Content
from sft_trainer.failure import invalid
from sft_trainer.store.manifest import ManifestInvalid, publish_folder
from sft_trainer.store.object_store import ObjectStore

ROWS_AT_ONCE = 1_000
KIND = "Export"
SUMMARY = "export.json"
"""Says what the shape could not hold."""


def exports_folder(digest: str) -> str:
    """Where a version's exports lie, one folder a shape, below the folder that the version itself lies in."""
    return f"exports/{digest}/"


def publish_export(store: ObjectStore, version: Path, digest: str, shape: ExportShape, scratch: Path) -> None:
    """Writes a version's rows in a shape. The same rows give the same files, so one that stands there already stays."""
    folder, prefix = scratch / shape.value, f"{exports_folder(digest)}{shape.value}/"
    summaries = export_version(version, shape, folder)
    (folder / SUMMARY).write_text(json.dumps([summary.model_dump(mode="json", by_alias=True) for summary in summaries], indent=2))
    try:
        publish_folder(store, folder, KIND, {"digest": digest, "shape": shape.value}, prefix)
    except ManifestInvalid as error:
        remedy = f"delete {store.uri}{prefix} and raise spec.run; it is then written anew"
        raise invalid(Reason.DATASET_CORRUPT, f"this export was published before and is damaged: {error}", remedy) from error


def export_version(version: Path, shape: ExportShape, output: Path) -> list[ExportSummary]:
    """Writes train.jsonl and eval.jsonl, where the version has such rows; raises TrainerFailure where there is no version."""
    output.mkdir(parents=True, exist_ok=True)
    files = {split: sorted(version.glob(f"{split}-*.parquet")) for split in (TRAIN, EVAL)}
    if not any(files.values()):
        raise invalid(Reason.SOURCE_NOT_FOUND, f"{version} holds no train-*.parquet", "name the folder of a version, its digest")
    written = [(split, export(shape, _contents(paths), output / f"{split}.jsonl")) for split, paths in files.items() if paths]
    if shape is ExportShape.LLAMA_FACTORY:
        info = dataset_info("dataset", {split: f"{split}.jsonl" for split, _ in written})
        (output / "dataset_info.json").write_text(json.dumps(info, indent=2))
    return [summary for _, summary in written]


def _contents(paths: list[Path]) -> Iterator[Content]:
    for path in paths:
        for batch in pq.ParquetFile(path).iter_batches(ROWS_AT_ONCE):
            yield from map(content_of, batch.to_pylist())
