"""Files made to exhaust whoever opens them end in a clear error, soon, and with memory that has nothing to do with their size."""

from __future__ import annotations

import gzip
import os
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from openpyxl import Workbook

from tests.unit.trainer.data.checked_file import CHUNK, GIB, MAX_MIB, MAX_SECONDS, check, endless_line


def zstd_bomb(path: Path) -> None:
    """4 GiB in 130 KB."""
    with zstandard.ZstdCompressor(level=1).stream_writer(path.open("wb")) as writer:
        for _ in range(4 * GIB // len(CHUNK)):
            writer.write(CHUNK)


def gzip_bomb(path: Path) -> None:
    """1 GiB in 5 MB."""
    with gzip.open(path, "wb", compresslevel=1) as writer:
        for _ in range(GIB // len(CHUNK)):
            writer.write(CHUNK)


def workbook_bomb(path: Path) -> None:
    """A workbook whose one sheet is 1 GiB of rows that never end."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as workbook:
        workbook.writestr("[Content_Types].xml", "<Types/>")
        workbook.writestr("xl/workbook.xml", "<workbook/>")
        with workbook.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(b"<worksheet><sheetData>")
            for _ in range(GIB // len(CHUNK)):
                sheet.write(CHUNK)


def open_quote(path: Path) -> None:
    """A table whose first cell is the rest of the file."""
    with path.open("wb") as file:
        file.write(b'question,answer\n"who opened this')
        for _ in range(256):
            file.write(b"never, closes, it\n" * 58_254)


def deep_json(path: Path) -> None:
    path.write_bytes(b'[{"a":' * 3_000_000)


def deep_line(path: Path) -> None:
    path.write_bytes(b'{"prompt": "a", "completion": "b"}\n' * 3 + b'{"a":' * 300_000 + b"\n")


BOMBS: dict[str, tuple[Callable[[Path], None], str]] = {
    "zstd": (zstd_bomb, "more than 200 times its size"),
    "gzip": (gzip_bomb, "neither JSON nor a table"),
    "workbook": (workbook_bomb, "unpacks to"),
    "one line of 1 GiB": (endless_line, "LineTooLong"),
    "a quote that never closes": (open_quote, "never closes"),
    "deep JSON": (deep_json, "nested too deep"),
    "a deep line": (deep_line, "NotJson"),
}


def workbook_of_shared_texts(path: Path, rows: int) -> None:
    """48 MiB of texts that the cells name by their numbers, as Excel writes them."""
    book = Workbook()
    assert book.active is not None
    book.active.append(["question", "answer"])
    book.save(small := path.with_name("small.xlsx"))
    with zipfile.ZipFile(small) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        cells = "".join(f'<row><c t="s"><v>{2 * n}</v></c><c t="s"><v>{2 * n + 1}</v></c></row>' for n in range(rows))
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        added = {
            "xl/worksheets/sheet1.xml": (b"</sheetData>", cells),
            "[Content_Types].xml": (b"</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/>'),
        }
        for name in old.namelist():
            end, more = added.get(name, (b"", ""))
            new.writestr(name, old.read(name).replace(end, more.encode() + end) if end else old.read(name))
        with new.open("xl/sharedStrings.xml", "w") as texts:
            texts.write(b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">')
            for number in range(2 * rows):
                texts.write(b"<si><t>%d %s</t></si>" % (number, os.urandom(1_950).hex().encode()))
            texts.write(b"</sst>")


def test_texts_that_cells_of_a_workbook_share_are_not_held_in_memory(tmp_path: Path) -> None:
    workbook_of_shared_texts(tmp_path / "shared.xlsx", rows=6_000)
    ended = check(tmp_path / "shared.xlsx", tmp_path)
    print(f"{ended.peak_mib:.0f} MiB, {ended.seconds:.1f} s\n{ended.said}")
    assert "6,000" in ended.said
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # which a child's peak begins with
    assert ended.peak_mib <= max(MAX_MIB / 2, own)
    assert ended.seconds < MAX_SECONDS


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_soon_with_little_memory_and_a_reason(tmp_path: Path, name: str) -> None:
    make, says = BOMBS[name]
    path = tmp_path / "rows.jsonl"
    make(path)
    ended = check(path, tmp_path)
    print(f"{name}: {ended.peak_mib:.0f} MiB, {ended.seconds:.1f} s\n{ended.said}")
    assert "Traceback" not in ended.said
    assert says in ended.said
    assert ended.peak_mib < MAX_MIB
    assert ended.seconds < MAX_SECONDS
