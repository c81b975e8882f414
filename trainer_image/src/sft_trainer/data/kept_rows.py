"""The rows that are kept, on disk: some 200 bytes of each are held, so that millions fit a small pod.

A row's number is its place in the order in which rows came, which is the order of their origins.
"""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from typing import Any

import orjson

from sft_trainer.data.rows import Origin

BUFFER_BYTES = 1 << 20
"""Rows are written a thousand at a time; a call to the kernel for each would cost more than the row."""


class KeptRows:
    """Append only; a row is read back by its number."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb+", buffering=BUFFER_BYTES)
        self._ends = array("Q", [0])
        self._files: list[tuple[str, str]] = []
        self._file_numbers = array("I")
        self._lines = array("Q")
        self._is_flushed = True
        self.hashes: list[bytes] = []
        """sha256 of each row, 32 bytes."""

    def __len__(self) -> int:
        return len(self.hashes)

    def append(self, row_hash: bytes, canonical: bytes, origin: Origin) -> None:
        """A row as canonical JSON; origins come file by file."""
        where = (origin.source, origin.file)
        if not self._files or self._files[-1] != where:
            self._files.append(where)
        self._file.write(canonical)
        self._is_flushed = False
        self._ends.append(self._ends[-1] + len(canonical))
        self._file_numbers.append(len(self._files) - 1)
        self._lines.append(origin.line)
        self.hashes.append(row_hash)

    def canonical(self, number: int) -> bytes:
        """The row's canonical JSON."""
        if not self._is_flushed:
            self._file.flush()
            self._is_flushed = True
        start, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - start, start)

    def size(self, number: int) -> int:
        """Bytes of the row's canonical JSON."""
        return self._ends[number + 1] - self._ends[number]

    def document(self, number: int) -> dict[str, Any]:
        """The row's content as JSON."""
        document: dict[str, Any] = orjson.loads(self.canonical(number))
        return document

    def origin(self, number: int) -> Origin:
        """Where the row was read."""
        return Origin(*self._files[self._file_numbers[number]], self._lines[number])

    def source(self, number: int) -> str:
        """The name of the row's source."""
        return self._files[self._file_numbers[number]][0]

    def close(self) -> None:
        """Ends the file."""
        self._file.close()
