"""What one file was taken for, and why: the decision that everything after it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sft_trainer.data.detection.as_utf8 import as_utf8
from sft_trainer.data.detection.container import Container, container_of, open_unpacked
from sft_trainer.data.detection.encoding import NAMES, Encoding, encoding_of
from sft_trainer.data.detection.layout import Layout, layout_of

TABLES = {Container.XLSX: "visible sheets", Container.PARQUET: "columns", Container.ARROW: "columns"}


@dataclass(frozen=True, slots=True)
class FileForm:
    """Container, encoding and layout of a file, with the evidence for each."""

    container: Container
    encoding: Encoding | None
    """None for tables that are no text."""
    layout: Layout | None
    """None for a file without rows."""
    delimiter: str
    evidence: tuple[str, ...]

    @property
    def encoding_name(self) -> str:
        """For people."""
        return NAMES.get(self.encoding.value, self.encoding.value.upper()) if self.encoding else ""


def form_of(path: Path) -> FileForm:
    """Looks at the content, at all of it where the encoding is concerned; raises UnreadableFile."""
    container = container_of(path)
    packed = f"{container} by its first bytes" if container is not Container.PLAIN else "no packed format's first bytes"
    if container in TABLES:
        return FileForm(container, None, Layout.TABLE, "", (packed, TABLES[container]))
    found = encoding_of(lambda: open_unpacked(path, container))
    layout = layout_of(lambda: _open(path, container, found.encoding))
    if layout is None:
        return FileForm(container, found.encoding, None, "", (packed, found.evidence, "nothing but blanks"))
    return FileForm(container, found.encoding, layout.layout, layout.delimiter, (packed, found.evidence, layout.evidence))


def open_text(path: Path, form: FileForm) -> BinaryIO:
    """The text of a file in UTF-8."""
    return _open(path, form.container, form.encoding or Encoding.UTF8)


def _open(path: Path, container: Container, encoding: Encoding) -> BinaryIO:
    return as_utf8(open_unpacked(path, container), encoding)
