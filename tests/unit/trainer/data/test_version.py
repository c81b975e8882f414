"""A version is read a batch at a time, and believed only once its last row is counted in."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sft_trainer.contract import PinnedDataset, Reason, StorePrefix
from sft_trainer.data.digest import TRAIN, DatasetDigest, row_hash
from sft_trainer.data.row_columns import schema_of, to_table
from sft_trainer.data.rows import Content, Message, Origin
from sft_trainer.data.version import FetchedVersion, fetch_version, read_version
from sft_trainer.failure import TrainerFailure
from sft_trainer.plan.token_counts import count_tokens
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.store.manifest import publish_folder

ANSWER = "the pump is red " * 60


def content(number: int) -> Content:
    return Content((Message("user", f"what is pump {number}"), Message("assistant", f"{number}: {ANSWER}")))


def publish(root: Path, rows: int) -> PinnedDataset:
    """A version of so many rows of a kilobyte, published as a preparation would."""
    digest = DatasetDigest()
    contents = [content(number) for number in range(rows)]
    for each in contents:
        digest.add(TRAIN, row_hash(each))
    folder = root / "made"
    folder.mkdir(parents=True)
    table = to_table(
        [str(number) for number in range(rows)],
        [each.document() for each in contents],
        [Origin("faq", "a.jsonl", number) for number in range(rows)],
        schema_of([]),
    )
    pq.write_table(table, folder / "train-00000.parquet", row_group_size=10_000, compression="zstd")
    publish_folder(LocalFolder(root / "version"), folder, "InstructionDataset", {"digest": digest.hexdigest()})
    return PinnedDataset(name="faq", digest=digest.hexdigest(), store=StorePrefix(uri=f"file://{root}/version/"))


def fetched(root: Path, rows: int) -> FetchedVersion:
    return fetch_version(publish(root, rows), root / "scratch")


def test_rows_come_in_their_order_with_their_split(tmp_path: Path) -> None:
    rows = list(read_version(fetched(tmp_path, 1200)))
    assert {split for split, _ in rows} == {TRAIN}
    assert [row.content for _, row in rows] == [content(number) for number in range(1200)]


def peak_of_counting(root: Path, rows: int) -> int:
    """Bytes of Python objects, at most, while a plan counts tokens of so many rows."""

    def template(messages: object, add_generation_prompt: bool, tools: str | None = None) -> str:
        return "".join(f"{message.role}{message.content}" for message in messages) + "assistant" * add_generation_prompt  # type: ignore[attr-defined]

    version = fetched(root, rows)
    tracemalloc.start()
    try:
        stats = count_tokens(read_version(version), template, lambda text: [1] * len(text.split()), 512)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stats.train_rows == rows
    return peak


def test_reading_and_counting_hold_some_forty_bytes_a_row(tmp_path: Path) -> None:
    """32 of its hash. As objects a row of this size takes some two thousand."""
    few, many = peak_of_counting(tmp_path / "few", 2_000), peak_of_counting(tmp_path / "many", 12_000)
    assert (many - few) / 10_000 < 100


def test_reading_holds_a_batch_of_columns_whatever_the_file_holds(tmp_path: Path) -> None:
    before = pa.total_allocated_bytes()
    version = fetched(tmp_path, 12_000)
    held = max(pa.total_allocated_bytes() - before for _ in read_version(version))
    assert held < 2 * 10_000 * (len(ANSWER) + 200)  # one group of rows, read and decoded


def test_rows_that_are_not_the_pinned_ones_are_told_at_the_end(tmp_path: Path) -> None:
    version = fetched(tmp_path, 10)
    table = pq.read_table(version.folder / "train-00000.parquet")
    pq.write_table(table.slice(1), version.folder / "train-00000.parquet")
    rows = read_version(version)
    for _ in range(9):
        next(rows)
    with pytest.raises(TrainerFailure, match="have digest") as caught:
        next(rows)
    assert caught.value.reason is Reason.DATASET_CORRUPT


def test_a_version_other_than_the_pinned_one_is_refused_before_it_is_read(tmp_path: Path) -> None:
    dataset = publish(tmp_path, 2).model_copy(update={"digest": "f" * 64})
    with pytest.raises(TrainerFailure, match="pinned is ffffffffffff") as caught:
        fetch_version(dataset, tmp_path / "scratch")
    assert caught.value.reason is Reason.DATASET_CORRUPT


def test_a_file_that_is_no_parquet_is_told(tmp_path: Path) -> None:
    version = fetched(tmp_path, 2)
    (version.folder / "train-00000.parquet").write_text(json.dumps({}))
    with pytest.raises(TrainerFailure, match="cannot be read") as caught:
        list(read_version(version))
    assert caught.value.reason is Reason.DATASET_CORRUPT
