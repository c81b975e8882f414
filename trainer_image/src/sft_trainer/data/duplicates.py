"""Duplicates among the kept rows: exact ones as rows come, near ones when all are there.

Of rows that are not the same the one of the least hash survives: what is published must follow from the rows alone, not from
their order, their files, or the names of their sources (docs/design/0005). Of rows that are, the first is kept with its origin.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
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
    """Remembers every row by its hash, and with `Instruction` by what it asks too."""

    def __init__(self, by: CompareBy) -> None:
        self._by = by
        self._seen: set[bytes] = set()
        self._first_asking: dict[bytes, int] = {}
        self._asking_the_same: dict[bytes, list[int]] = {}

    def check(self, row_hash: bytes) -> None:
        """Raises RowRejected for a row that was there before."""
        if row_hash in self._seen:
            raise RowRejected(DUPLICATE)
        self._seen.add(row_hash)

    def note(self, content: Content, number: int) -> None:
        """A row that is kept so far."""
        if self._by is CompareBy.ROW:
            return
        question = sha256(row_text(content, self._by).encode()).digest()
        first = self._first_asking.setdefault(question, number)
        if first != number:
            self._asking_the_same.setdefault(question, [first]).append(number)

    def repeated(self, hashes: Sequence[bytes], gone: Collection[int]) -> set[int]:
        """The rows that give way to another one that asks the same."""
        groups = (sorted(numbers, key=hashes.__getitem__) for numbers in self._asking_the_same.values())
        return all_but_the_first(groups, gone)


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


def all_but_the_first(groups: Iterable[Sequence[int]], gone: Collection[int]) -> set[int]:
    """The rows that give way: of those of a group, in the order of their hashes, that are not gone already, all but the first."""
    repeated: set[int] = set()
    for group in groups:
        members = [number for number in group if number not in gone]
        repeated.update(members[1:])
    return repeated
