"""Rows that stand in the manifest itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sft_trainer.data.origins.guarded_http import too_large
from sft_trainer.data.origins.origin import FoundFile, PassedOver

INLINE_KEY = "inline"


class InlineOrigin:
    """One file: the text."""

    max_objects = 1
    max_bytes = 4 << 20
    """More than any Kubernetes object can hold (1.5 MiB)."""

    def __init__(self, text: str) -> None:
        self.where = "the inline rows"
        self.passed_over = PassedOver()
        self._data = text.encode(errors="surrogatepass")

    def files(self) -> Iterator[FoundFile]:
        yield FoundFile(INLINE_KEY, len(self._data), "")

    def download(self, found: FoundFile, path: Path, max_bytes: int) -> str:
        if len(self._data) > max_bytes:
            raise too_large(self.where, self.max_bytes)
        path.write_bytes(self._data)
        return found.identity
