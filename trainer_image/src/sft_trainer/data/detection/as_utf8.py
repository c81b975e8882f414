"""A text of any encoding as a stream of UTF-8 bytes, so that everything behind it knows one encoding."""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO, cast

from sft_trainer.data.detection.encoding import CHUNK_BYTES, Encoding


def as_utf8(stream: BinaryIO, encoding: Encoding) -> BinaryIO:
    """The same text, without a byte order mark."""
    if encoding is Encoding.UTF8:
        return stream
    if encoding is Encoding.UTF8_BOM:
        stream.read(len(codecs.BOM_UTF8))
        return stream
    return cast("BinaryIO", io.BufferedReader(_Recoded(stream, encoding), CHUNK_BYTES))


class _Recoded(io.RawIOBase):
    """Decodes and encodes again, piece by piece."""

    def __init__(self, stream: BinaryIO, encoding: Encoding) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding.value)()
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._ready:
            chunk = self._stream.read(CHUNK_BYTES)
            self._ready = memoryview(self._decoder.decode(chunk, final=not chunk).encode())
            if not chunk:
                break
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()
