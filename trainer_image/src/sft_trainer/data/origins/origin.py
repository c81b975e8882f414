"""What every origin can do: list its files, and bring one of them to the disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

KINDS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".xlsx")
PACKED = ("", ".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")
DATA_SUFFIXES = tuple(f"{kind}{packed}" for kind in KINDS for packed in PACKED)
"""What is read of a folder when no pattern says which files; the report names those that are passed over."""
SHOWN_KEYS = 10
_HELD_OUT = re.compile(r"(?:^|[/_.-])(?:tests?|validation|valid|val|dev|eval)(?:[/_.-]|$)")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that an origin has, not yet read."""

    key: str
    size: int
    identity: str
    """Changes when the content does; empty when only the content itself can tell."""
    revision: str = ""
    """The commit that it is part of, where there is such a thing."""


@dataclass(slots=True)
class PassedOver:
    """Files that are not read: the pattern does not name them or, where there is none, they are no data files by their names."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, key: str) -> None:
        """Notes one; of many only the first are kept."""
        self.count += 1
        if len(self.first) < SHOWN_KEYS:
            self.first.append(key)

    def __str__(self) -> str:
        return ", ".join(self.first) + (f" and {more} more" if (more := self.count - len(self.first)) else "")


class Origin(Protocol):
    """A place with files. Every call may raise TrainerFailure."""

    where: str
    """How a user knows the place; without secrets."""
    max_objects: int
    max_bytes: int
    passed_over: PassedOver
    """Filled while `files` are listed."""

    def files(self) -> Iterator[FoundFile]:
        """Every file that is to be read, in any order. Raises SourceNotFound when there is none."""

    def download(self, found: FoundFile, path: Path, max_bytes: int) -> str:
        """Writes a file, no more than so many bytes of it; tells the identity of what was written, which may be newer."""


def is_held_out(key: str) -> bool:
    """Whether it is a split to test with, by the names that hubs give splits."""
    return _HELD_OUT.search(key.lower()) is not None


def is_data_file(key: str) -> bool:
    """Whether rows are to be expected in it."""
    return key.lower().endswith(DATA_SUFFIXES)
