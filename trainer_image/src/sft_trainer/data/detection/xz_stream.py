"""Unpacks xz with a bound on memory, which lzma.open has not: a file may demand a window of gigabytes."""

from __future__ import annotations

import lzma
from typing import BinaryIO

CHUNK_BYTES = 64 << 10


class XzStream:
    """The bytes inside, of one stream after the other."""

    def __init__(self, file: BinaryIO, memory_bytes: int) -> None:
        self._file = file
        self._memory_bytes = memory_bytes
        self._decompressor = self._fresh()
        self._packed = b""

    def _fresh(self) -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=self._memory_bytes)

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; raises lzma.LZMAError, EOFError."""
        while True:
            if self._decompressor.eof:
                self._packed = (self._decompressor.unused_data or self._file.read(CHUNK_BYTES)).lstrip(b"\0")  # padding
                if not self._packed:
                    return b""
                self._decompressor = self._fresh()
            elif self._decompressor.needs_input and not self._packed:
                self._packed = self._file.read(CHUNK_BYTES)
                if not self._packed:
                    raise EOFError("it ends in the middle of a stream")
            packed, self._packed = self._packed, b""
            if unpacked := self._decompressor.decompress(packed, size):
                return unpacked

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
