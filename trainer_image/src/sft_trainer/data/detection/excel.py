"""Rows of Excel sheets. Texts that cells share lie on the disk: in memory they would take eight times the file."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import iterparse

from openpyxl.reader.excel import ExcelReader
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from sft_trainer.data.detection.csv_rows import NumberedRow, column_names
from sft_trainer.data.detection.json_rows import first_line, row_json
from sft_trainer.data.detection.unpacked import FREE_BYTES, MAX_RATIO
from sft_trainer.data.detection.unreadable import UnreadableFile

MAIN = f"{{{SHEET_MAIN_NS}}}"
MAX_MEMBER_BYTES = 32 << 20
"""Of a part that is neither a sheet nor the shared texts, and is held as a whole: styles, the list of sheets."""
DAMAGED = (
    *(ValueError, LookupError, TypeError, AttributeError, SyntaxError, OverflowError),  # of XML that is no sheet
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError),  # of the archive; the last: encrypted, or packed oddly
)


def xlsx_rows(path: Path) -> Iterator[NumberedRow]:
    """Rows of all visible sheets, by the names in their first rows, which must be the same; raises UnreadableFile."""
    _check_archive(path)
    try:
        with path.open("rb") as file, tempfile.TemporaryFile(dir=path.parent) as texts:
            reader = _Reader(file, texts)
            reader.read()
            yield from _numbered(reader.wb.worksheets)
    except DAMAGED as error:
        raise UnreadableFile(f"is an Excel file that is damaged ({first_line(error)})", "save it again, or as CSV") from error


class _Reader(ExcelReader):
    """openpyxl's, but for the shared texts."""

    def __init__(self, file: IO[bytes], texts: IO[bytes]) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self._texts = texts

    def read_strings(self) -> None:
        """Writes them to the disk."""
        part = self.package.find(SHARED_STRINGS)  # type: ignore[no-untyped-call]
        if part is not None:
            with self.archive.open(part.PartName[1:]) as source:
                self.shared_strings = _SharedTexts(source, self._texts)  # type: ignore[assignment] # of which cells take one


class _SharedTexts:
    """A list of texts in a file."""

    def __init__(self, source: IO[bytes], file: IO[bytes]) -> None:
        self._file = file
        self._ends = array("Q", [0])
        events = iterparse(source, events=("start", "end"))  # noqa: S314 - expat expands no entity beyond a hundredfold
        _, root = next(events)
        for event, node in events:
            if event == "end" and node.tag == f"{MAIN}si":
                text = "".join(part.text or "" for part in (*node.findall(f"{MAIN}t"), *node.findall(f"{MAIN}r/{MAIN}t")))
                self._ends.append(self._ends[-1] + file.write(text.replace("x005F_", "").encode(errors="surrogatepass")))
                root.clear()

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self._ends) - 1:
            raise IndexError(number)
        self._file.seek(self._ends[number])
        return self._file.read(self._ends[number + 1] - self._ends[number]).decode(errors="surrogatepass")


def _numbered(sheets: Sequence[Any]) -> Iterator[NumberedRow]:
    """Counted through all sheets."""
    first: tuple[str, list[str]] | None = None
    before = 0
    for sheet in sheets:
        if sheet.sheet_state != "visible":  # lists for drop-down menus and the like
            continue
        sheet.reset_dimensions()  # what a file says of its size may be wrong, and rows beyond it would not be read
        rows = sheet.iter_rows(values_only=True)
        names = _names(sheet.title, next(rows, ()))
        if not names:
            continue
        if first is None:
            first = sheet.title, names
        elif sorted(first[1]) != sorted(names):
            raise UnreadableFile(
                f"is an Excel file whose sheets have different columns: '{first[0]}' has {', '.join(first[1])}, "
                f"'{sheet.title}' has {', '.join(names)}",
                "keep one of them, or hide those that hold no rows, or save each sheet as a file of its own",
            )
        number = 1
        for number, cells in enumerate(rows, start=2):
            named = {name: cell for name, cell in zip(names, cells, strict=False) if cell is not None}
            if named:
                yield before + number, row_json(named)
        before += number


def _names(title: str, header: Sequence[Any]) -> list[str]:
    given = ["" if name is None else str(name).strip() for name in header]
    while given and not given[-1]:
        given.pop()
    twice = sorted({name for name in given if name and given.count(name) > 1})
    if twice:
        found = f"is an Excel file whose sheet '{title}' names a column twice: {', '.join(twice)}"
        raise UnreadableFile(found, "give each column a name of its own")
    return column_names(given)


def _check_archive(path: Path) -> None:
    """A zip's directory says what its members unpack to, and zipfile gives no byte more."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if unpacked > min(FREE_BYTES, MAX_RATIO * path.stat().st_size):
        raise UnreadableFile(f"is an Excel file that unpacks to {unpacked} bytes", "save its rows as CSV")
    for member in members:
        is_streamed = "/worksheets/" in member.filename or member.filename.endswith("sharedStrings.xml")
        if not is_streamed and not member.filename.startswith("xl/media/") and member.file_size > MAX_MEMBER_BYTES:
            found = f"is an Excel file with a part {member.filename} of {member.file_size} bytes"
            raise UnreadableFile(found, "save its rows as CSV")
