"""Rows come in: each is parsed, checked, compared with those before it, and put on disk, or written down as rejected."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from sft_trainer.contract import PrepareConfig, Source
from sft_trainer.data.cleaning.changes import Changes
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.detection.lines import Line
from sft_trainer.data.digest import canonical_json
from sft_trainer.data.duplicates import ExactDuplicates, NearDuplicates
from sft_trainer.data.file_shapes import FileShapes
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.parse import parse_line
from sft_trainer.data.row_columns import optional_fields
from sft_trainer.data.rows import Content, Origin, RowRejected
from sft_trainer.data.shapes.beside import NOT_USED
from sft_trainer.data.source_columns import SourceColumns
from sft_trainer.data.sources import ReadFile, SourceReader
from sft_trainer.data.watch import Watch

ROWS_PER_NOTE = 1_000
"""Rows after which the watch is told: some ten times a second."""


class Intake:
    """Takes rows in the order of their origins: of rows that are the same, the first is kept."""

    def __init__(self, config: PrepareConfig, cleaner: Cleaner, rows: KeptRows, ledger: Ledger, scratch: Path) -> None:
        self._cleaner = cleaner
        self._rows = rows
        self._ledger = ledger
        self._scratch = scratch
        self._network = config.network
        self.exact = ExactDuplicates(config.dedupe.exact)
        self.near = NearDuplicates(config.dedupe.near, scratch / "near") if config.dedupe.near else None
        self.filled: set[str] = set()
        """Optional columns that the rows need."""
        self.changes = Changes(cleaner.protector.masked)
        self.files: dict[str, list[tuple[ReadFile, str]]] = {}
        """By source: the files that were read, each with the shape of its rows."""
        self.columns: dict[str, SourceColumns] = {}
        """By source: what was used of its rows."""

    def close(self) -> None:
        """Removes what it has on disk."""
        if self.near:
            self.near.close()

    def read(self, source: Source, watch: Watch) -> None:
        """Everything of one source."""
        reader, shapes = SourceReader(source, self._network), FileShapes(source.name)
        columns = self.columns[source.name] = SourceColumns(source.format, source.field_map)
        rows = size = 0
        for line in reader.lines(self._scratch):
            self._ledger.count_read(source.name)
            self._take(line, source, shapes, columns)
            rows += 1
            size += len(line.data) + 1
            if rows == ROWS_PER_NOTE:
                watch.has_read(rows, size)
                rows = size = 0
        watch.has_read(rows, size)
        self.files[source.name] = [(file, shapes.shape_of(file.key)) for file in reader.files]

    def _take(self, line: Line, source: Source, shapes: FileShapes, columns: SourceColumns) -> None:
        """Keeps one line's row, or writes down why not."""
        origin = Origin(source.name, line.file, line.number)
        try:
            row = parse_line(line, source.format, source.field_map)
            shapes.note(line, row.shape)
            columns.note(row)
            cleaned = self._cleaner.clean(row.content)
            self._keep(cleaned.content, origin)
            if cleaned.changes:
                self.changes.note(origin, row.content, cleaned)
        except RowRejected as rejection:
            self._ledger.reject(origin, rejection.reason, line.data)
            if rejection.reason == NOT_USED:
                columns.note_not_used(line.data)
            shapes.note_rejected(line, rejection.reason)

    def _keep(self, content: Content, origin: Origin) -> None:
        canonical = canonical_json(content)
        row_hash = sha256(canonical).digest()
        self.exact.check(row_hash)
        self.exact.note(content, len(self._rows))
        self._rows.append(row_hash, canonical, origin)
        self.filled |= optional_fields(content)
        if self.near:
            self.near.add(content)
