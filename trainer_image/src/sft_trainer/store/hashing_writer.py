"""Writes a file and takes its sha256 on the way: reading it again for that costs as much as the network does."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType


class HashingWriter:
    """A file that takes bytes in their order. It cannot seek, which also tells boto3 to keep the order."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """The next bytes."""
        self._digest.update(data)
        return self._file.write(data)

    def sha256(self) -> str:
        """Of everything written so far; 64 hex digits."""
        return self._digest.hexdigest()

    def __enter__(self) -> HashingWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
