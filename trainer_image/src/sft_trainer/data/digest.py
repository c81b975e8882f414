"""Digests that depend on content alone: of a row, and of a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import rfc8785

from sft_trainer.data.rows import Row

TRAIN, EVAL = "train", "eval"


def row_hash(row: Row) -> str:
    """sha256 of the canonical JSON (RFC 8785) of what is learned from a row; 64 hex digits."""
    return hashlib.sha256(rfc8785.dumps(row.content())).hexdigest()


def dataset_digest(members: Iterable[tuple[str, str]]) -> str:
    """sha256 over the sorted (split, row hash): no order, batch or file of the rows changes it."""
    digest = hashlib.sha256()
    for split, row in sorted(members):
        digest.update(f"{split}:{row}\n".encode())
    return digest.hexdigest()
