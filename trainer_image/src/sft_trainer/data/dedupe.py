"""Exact duplicates: rows that teach the same. The survivor is the least (source, file, line), whatever order they come in."""

from __future__ import annotations

from sft_trainer.data.rows import Origin, Row


def precedes(one: Origin, other: Origin) -> bool:
    """Whether `one` survives where both teach the same."""
    return (one.source, one.file, one.line) < (other.source, other.file, other.line)


class UniqueRows:
    """Rows by their hash. Adding a duplicate says which of the two origins gave way."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def add(self, key: str, row: Row) -> Origin | None:
        """Origin of the duplicate that was dropped, or None when the row is new."""
        standing = self.rows.get(key)
        if standing is None:
            self.rows[key] = row
            return None
        if precedes(row.origin, standing.origin):
            self.rows[key] = row
            return standing.origin
        return row.origin
