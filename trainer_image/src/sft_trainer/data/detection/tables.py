"""Rows of tables as JSON: CSV and TSV, Excel sheets, parquet and Arrow files. A cell keeps its text."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from sft_trainer.data.detection.unpacked import FREE_BYTES, MAX_RATIO
from sft_trainer.data.detection.unreadable import UnreadableFile

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

MAX_CELL_CHARACTERS = 16 << 20
"""As long as a row may be. csv's own limit of 131,072 refuses real rows."""
BATCH_ROWS = 256
"""Rows of parquet that are held at a time: with the longest rows that are allowed, still a fraction of the memory."""
NumberedRow = tuple[int, bytes]
"""Number (of a CSV's line, else of the row) and JSON text."""


def csv_rows(stream: BinaryIO, delimiter: str) -> Iterator[NumberedRow]:
    """Raises UnreadableFile for a quote that never closes."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    with io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="") as text:
        yield from _records(csv.reader(text, delimiter=delimiter, strict=True))


def _records(reader: CsvReader) -> Iterator[NumberedRow]:
    header = [name.strip() for name in next(reader, [])]
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if "unexpected end of data" in str(error) or "field limit" in str(error):
                found = f"is CSV with a quote that opens in line {number} and never closes"
                raise UnreadableFile(found, "close it, or double the quotes that belong to the text") from error
            yield number, _broken_csv(error)
            continue
        if cells is None:
            return
        if cells:
            yield number, _csv_row(header, cells)


def _broken_csv(error: csv.Error) -> bytes:
    return f"broken CSV: {error}".encode()


def _csv_row(header: Sequence[str], cells: Sequence[str]) -> bytes:
    if len(cells) > len(header):
        return b"more cells than columns: " + ",".join(cells).encode(errors="surrogateescape")
    row = dict(zip(header, cells, strict=False))
    try:
        return orjson.dumps(row)
    except TypeError:  # a cell that is not UTF-8
        return ",".join(cells).encode(errors="surrogateescape")


def parquet_rows(path: Path) -> Iterator[NumberedRow]:
    """Batch by batch; raises UnreadableFile."""
    try:
        with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            _check_size(file.metadata, path.stat().st_size)
            yield from _numbered(file.iter_batches(batch_size=BATCH_ROWS))
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"is parquet that is damaged ({_first_line(error)})", "upload it again, whole") from error


def _check_size(metadata: pq.FileMetaData, packed: int) -> None:
    unpacked = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if unpacked > FREE_BYTES + MAX_RATIO * packed:
        raise UnreadableFile(
            f"is parquet that unpacks to {unpacked} bytes, more than {MAX_RATIO} times its size",
            "rows of text do not shrink so far: look what it really holds",
        )


def arrow_rows(path: Path) -> Iterator[NumberedRow]:
    """Of an Arrow IPC file; raises UnreadableFile."""
    try:
        with pa.ipc.open_file(path) as file:
            yield from _numbered(
                batch.slice(start, BATCH_ROWS)
                for batch in map(file.get_batch, range(file.num_record_batches))
                for start in range(0, batch.num_rows, BATCH_ROWS)
            )
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"is an Arrow file that is damaged ({_first_line(error)})", "upload it again, whole") from error


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[NumberedRow]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            yield number, _as_json(row)


def xlsx_rows(path: Path) -> Iterator[NumberedRow]:
    """Rows of the first sheet, by the names in its first row; raises UnreadableFile."""
    from openpyxl import load_workbook

    _check_archive(path)
    try:
        with path.open("rb") as file:
            workbook = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            yield from _sheet_rows(workbook.worksheets[0].iter_rows(values_only=True))
    except (ValueError, KeyError, IndexError, zipfile.BadZipFile, OSError, SyntaxError) as error:
        raise UnreadableFile(f"is an Excel file that is damaged ({_first_line(error)})", "save it again, or as CSV") from error


def _sheet_rows(rows: Iterator[tuple[object, ...]]) -> Iterator[NumberedRow]:
    header = [str(name).strip() if name is not None else "" for name in next(rows, ())]
    for number, cells in enumerate(rows, start=2):
        named = {name: cell for name, cell in zip(header, cells, strict=False) if name and cell is not None}
        if named:
            yield number, _as_json(named)


def _check_archive(path: Path) -> None:
    """A zip's directory says what its members unpack to, and zipfile gives no byte more."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > min(FREE_BYTES, MAX_RATIO * path.stat().st_size):
        raise UnreadableFile(f"is an Excel file that unpacks to {unpacked} bytes", "save its rows as CSV")


def _as_json(row: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(row, default=_as_text, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError) as error:
        return f"no JSON can hold this row: {error}".encode()


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
