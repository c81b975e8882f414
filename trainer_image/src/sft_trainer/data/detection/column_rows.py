"""Rows of parquet and Arrow files, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sft_trainer.data.detection.container import ARROW_STREAM
from sft_trainer.data.detection.csv_rows import NumberedRow
from sft_trainer.data.detection.json_rows import broken_row, first_line, row_json
from sft_trainer.data.detection.unpacked import FREE_BYTES, MAX_RATIO
from sft_trainer.data.detection.unreadable import UnreadableFile

BATCH_ROWS = 256
"""Rows that are held at a time: with the longest rows that are allowed, still a fraction of the memory."""
CELL_ERRORS = (ValueError, OverflowError, KeyError)
DAMAGED = (pa.ArrowException, OSError, *CELL_ERRORS)
CALLS = frozenset({"tool_calls", "function_call", "arguments", "tools", "functions", "parameters"})


def parquet_rows(path: Path) -> Iterator[NumberedRow]:
    """Raises UnreadableFile."""
    try:
        with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            _check_size(file.metadata, path.stat().st_size)
            yield from _numbered(file.schema_arrow, file.iter_batches(batch_size=BATCH_ROWS))
    except DAMAGED as error:
        raise UnreadableFile(f"is parquet that is damaged ({first_line(error)})", "upload it again, whole") from error


def _check_size(metadata: pq.FileMetaData, packed: int) -> None:
    unpacked = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if unpacked > FREE_BYTES + MAX_RATIO * packed:
        raise UnreadableFile(
            f"is parquet that unpacks to {unpacked} bytes, more than {MAX_RATIO} times its size",
            "rows of text do not shrink so far: look what it really holds",
        )


def arrow_rows(path: Path) -> Iterator[NumberedRow]:
    """Of Arrow's format for files, or that for streams; raises UnreadableFile."""
    try:
        with path.open("rb") as file:
            is_stream = file.read(len(ARROW_STREAM)) == ARROW_STREAM
        with pa.OSFile(str(path)) as source:
            reader = pa.ipc.open_stream(source) if is_stream else pa.ipc.open_file(source)
            batches = reader if is_stream else map(reader.get_batch, range(reader.num_record_batches))
            yield from _numbered(reader.schema, _small(batches))
    except DAMAGED as error:
        raise UnreadableFile(f"is an Arrow file that is damaged ({first_line(error)})", "upload it again, whole") from error


def _small(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return (batch.slice(start, BATCH_ROWS) for batch in batches for start in range(0, batch.num_rows, BATCH_ROWS))


def _numbered(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[NumberedRow]:
    has_calls = any(_has_calls(field, is_call=False) for field in schema)
    number = 0
    for batch in batches:
        for row in _batch_rows(batch):
            number += 1
            if isinstance(row, Exception):
                yield number, broken_row(row)
            else:
                yield number, row_json(_without_absent(row, is_call=False) if has_calls else row)


def _batch_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | Exception]:
    """Where a value can be no Python object (text that is not UTF-8, a day beyond the year 9999), its row alone is broken."""
    try:
        yield from batch.to_pylist(maps_as_pydicts="strict")
    except CELL_ERRORS as error:
        if batch.num_rows == 1:
            yield error
        else:
            for index in range(batch.num_rows):
                yield from _batch_rows(batch.slice(index, 1))


def _has_calls(field: pa.Field, *, is_call: bool) -> bool:
    """Whether tools, calls or arguments lie in a column as objects."""
    kind = field.type
    is_call = is_call or field.name in CALLS
    while pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind = kind.value_type
    if not pa.types.is_struct(kind):
        return False
    return is_call or any(_has_calls(member, is_call=is_call) for member in kind)


def _without_absent(value: Any, *, is_call: bool) -> Any:  # noqa: ANN401 - any JSON
    """Objects in one column all have the same members: those that an object lacked came back as null, in every other's place."""
    if isinstance(value, list):
        return [_without_absent(member, is_call=is_call) for member in value]
    if not isinstance(value, dict):
        return value
    kept = ((name, member) for name, member in value.items() if not (is_call and member is None))
    return {name: _without_absent(member, is_call=is_call or name in CALLS) for name, member in kept}
