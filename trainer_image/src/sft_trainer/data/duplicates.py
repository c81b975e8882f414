"""Duplicates among the kept rows: exact ones as rows come, near ones when all are there.

The survivor is the row of the least origin, whatever order rows come in.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

from sft_trainer.contract import CompareBy, NearDuplicateSettings
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.near_duplicates.clusters import Clusters
from sft_trainer.data.near_duplicates.index import NearDuplicateIndex
from sft_trainer.data.near_duplicates.verify import View
from sft_trainer.data.row_columns import content_of
from sft_trainer.data.row_text import row_text
from sft_trainer.data.rows import Content, RowRejected

DUPLICATE, NEAR_DUPLICATE = "DuplicateRow", "NearDuplicate"
BATCH = 2_000
"""Rows that are sketched at once: the index's best."""


class ExactDuplicates:
    """Remembers every row by its hash."""

    def __init__(self, by: CompareBy) -> None:
        self._by = by
        self._seen: set[bytes] = set()

    def check(self, content: Content, row_hash: bytes) -> None:
        """Raises RowRejected for a row that was there before."""
        key = row_hash if self._by is CompareBy.ROW else sha256(row_text(content, self._by).encode()).digest()
        if key in self._seen:
            raise RowRejected(DUPLICATE)
        self._seen.add(key)


class NearDuplicates:
    """Sketches rows as they come, then clusters them.

    What is asked must be as similar as the whole: one answer to two questions is what a model learns paraphrases from.
    """

    def __init__(self, settings: NearDuplicateSettings, scratch: Path) -> None:
        self._by = settings.by
        self._index = NearDuplicateIndex(settings, scratch)
        self._batch: list[str] = []

    def add(self, content: Content) -> None:
        """The next kept row."""
        self._batch.append(row_text(content, self._by))
        if len(self._batch) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        self._index.add(self._batch)
        self._batch = []

    def clusters(self, rows: KeptRows) -> Clusters:
        """Which of them belong together."""
        self._flush()
        views = dict.fromkeys((self._by, CompareBy.INSTRUCTION))
        return self._index.clusters([_view(rows, by) for by in views], rows.hashes)

    def close(self) -> None:
        """Removes what lies in the scratch folder."""
        self._index.close()


def _view(rows: KeptRows, by: CompareBy) -> View:
    return lambda number: row_text(content_of(rows.document(number)), by)


def repeated_rows(clusters: Clusters, gone: Collection[int]) -> set[int]:
    """The rows that give way: of the rows of a cluster that are not gone already, all but the least origin, the least number."""
    repeated: set[int] = set()
    for cluster in clusters.duplicated():
        members = [number for number in cluster if number not in gone]
        repeated.update(number for number in members if number != min(members))
    return repeated
