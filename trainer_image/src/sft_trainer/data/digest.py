"""Digests that depend on content alone: of a row, and of a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import orjson

from sft_trainer.data.rows import Content

TRAIN, EVAL = "train", "eval"


def canonical_json(content: Content) -> bytes:
    """RFC 8785. Of texts, lists and objects with ASCII keys, which is all a row has, orjson with sorted keys writes just that.

    Raises ValueError for text with half a surrogate pair, which is no Unicode.
    """
    return orjson.dumps(content.document(), option=orjson.OPT_SORT_KEYS)


def row_hash(content: Content) -> str:
    """sha256 of the canonical JSON of what is learned from a row; 64 hex digits."""
    return hashlib.sha256(canonical_json(content)).hexdigest()


def dataset_digest(members: Iterable[tuple[str, str]]) -> str:
    """sha256 over the sorted (split, row hash): no order, batch or file of the rows changes it."""
    digest = hashlib.sha256()
    for split, row in sorted(members):
        digest.update(f"{split}:{row}\n".encode())
    return digest.hexdigest()
