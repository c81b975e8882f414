"""Every file as JSON lines, whatever it is: the one form in which rows go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sft_trainer.data.detection.column_rows import arrow_rows, parquet_rows
from sft_trainer.data.detection.container import Container
from sft_trainer.data.detection.csv_rows import NumberedRow, csv_rows
from sft_trainer.data.detection.file_form import FileForm, open_text
from sft_trainer.data.detection.json_values import JsonValues
from sft_trainer.data.detection.layout import Layout

MAX_LINE_BYTES = 16 << 20
"""A row longer than this is not an instruction; it would be held in memory several times over."""
OVERLONG_BYTES = 4096
"""What is kept of an overlong line, for whoever looks for it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row as JSON text, still to be parsed; only the beginning of one that is longer than MAX_LINE_BYTES."""

    file: str
    number: int
    """Of the line in a text by lines, else of the row; counted from 1."""
    data: bytes
    is_too_long: bool = False


def read_lines(path: Path, name: str, form: FileForm) -> Iterator[Line]:
    """Every row of a file. Raises UnreadableFile where it breaks off."""
    for number, data in _rows(path, form):
        if len(data) > MAX_LINE_BYTES:
            yield Line(name, number, data[:OVERLONG_BYTES], is_too_long=True)
        else:
            yield Line(name, number, data)


def _rows(path: Path, form: FileForm) -> Iterator[NumberedRow]:
    if form.container is Container.PARQUET:
        return parquet_rows(path)
    if form.container is Container.ARROW:
        return arrow_rows(path)
    if form.container is Container.XLSX:
        from sft_trainer.data.detection.excel import xlsx_rows  # openpyxl takes long to import, and few sources need it

        return xlsx_rows(path)
    return _text_rows(path, form)


def _text_rows(path: Path, form: FileForm) -> Iterator[NumberedRow]:
    with closing(open_text(path, form)) as text:
        match form.layout:
            case Layout.JSON_LINES:
                yield from _json_lines(text)
            case Layout.JSON_ARRAY:
                yield from enumerate(JsonValues(text).arrays(), start=1)
            case Layout.JSON_OBJECT:
                yield from enumerate(JsonValues(text).rows_of_object(), start=1)
            case Layout.JSON_VALUES:
                yield from enumerate(JsonValues(text).concatenated(), start=1)
            case Layout.TABLE:
                yield from csv_rows(text, form.delimiter)
            case None:
                return


def _json_lines(text: BinaryIO) -> Iterator[NumberedRow]:
    """Of an overlong line comes a byte more than is allowed, and the rest is skipped in pieces."""
    readline = text.readline
    number = 0
    while line := readline(MAX_LINE_BYTES + 1):
        number += 1
        ends = line.endswith(b"\n")
        data = line.rstrip(b"\r\n") if ends else line
        if data.strip():
            yield number, data
        while not ends and len(line) > MAX_LINE_BYTES:
            rest = readline(MAX_LINE_BYTES)
            ends = not rest or rest.endswith(b"\n")
