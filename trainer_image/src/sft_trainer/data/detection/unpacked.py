"""A stream of unpacked bytes that ends with a clear error where the packed file is damaged, or a bomb."""

from __future__ import annotations

import io
import lzma
import zlib
from typing import BinaryIO

import zstandard

from sft_trainer.data.detection.unreadable import UnreadableFile

FREE_BYTES = 256 << 20
"""So much any file may unpack to: small ones that hold the same row again and again are no attack."""
MAX_RATIO = 200
"""Beyond that. Instruction rows shrink 3 to 20 times; bombs start at 1,000."""
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


class Unpacked(io.BufferedIOBase):
    """Reads of `stream`, counted."""

    def __init__(self, stream: BinaryIO, packed_bytes: int, kind: str) -> None:
        self._stream = stream
        self._limit = FREE_BYTES + MAX_RATIO * packed_bytes
        self._kind = kind
        self._read = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes; raises UnreadableFile."""
        try:
            chunk = self._stream.read(-1 if size is None else size)
        except DAMAGED as error:
            found = f"is {self._kind} that is damaged after {self._read} unpacked bytes ({error})"
            raise UnreadableFile(found, "upload it again, whole") from error
        self._read += len(chunk)
        if self._read > self._limit:
            raise UnreadableFile(
                f"is {self._kind} that unpacks to more than {MAX_RATIO} times its size ({self._limit} bytes)",
                "rows of text do not shrink so far: look what it really holds, or upload it unpacked",
            )
        return chunk

    def read1(self, size: int = -1, /) -> bytes:
        """The same."""
        return self.read(size if size >= 0 else io.DEFAULT_BUFFER_SIZE)

    def readinto(self, buffer: object, /) -> int:
        """Fills the buffer."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        chunk = self.read(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Closes the stream below."""
        self._stream.close()
        super().close()
