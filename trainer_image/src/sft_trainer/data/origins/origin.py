"""What every origin can do: list its files, and bring one of them to the disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

DATA_SUFFIXES = tuple(
    f"{kind}{packed}" for kind in (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".xlsx") for packed in ("", ".gz", ".zst")
)
"""What is read of a folder when no pattern says which files."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that an origin has, not yet read."""

    key: str
    size: int
    identity: str
    """Changes when the content does; empty when only the content itself can tell."""
    revision: str = ""
    """The commit that it is part of, where there is such a thing."""


class Origin(Protocol):
    """A place with files. Every call may raise TrainerFailure."""

    where: str
    """How a user knows the place; without secrets."""
    max_objects: int
    max_bytes: int

    def files(self) -> Iterator[FoundFile]:
        """Every file that is to be read, in any order. Raises SourceNotFound when there is none."""

    def download(self, found: FoundFile, path: Path, max_bytes: int) -> None:
        """Writes a file, no more than so many bytes of it."""


def is_data_file(key: str) -> bool:
    """Whether rows are to be expected in it."""
    return key.lower().endswith(DATA_SUFFIXES)
