"""Digests that depend on content alone: of a row, and of a dataset."""

from __future__ import annotations

import hashlib

import numpy as np
import orjson

from sft_trainer.data.rows import Content

TRAIN, EVAL = "train", "eval"
HASH_BYTES = 32


def canonical_json(content: Content) -> bytes:
    """RFC 8785. Of texts, lists and objects with ASCII keys, which is all a row has, orjson with sorted keys writes just that.

    Raises ValueError for text with half a surrogate pair, which is no Unicode.
    """
    return orjson.dumps(content.document(), option=orjson.OPT_SORT_KEYS)


def row_hash(content: Content) -> bytes:
    """sha256 of the canonical JSON of what is learned from a row; 32 bytes."""
    return hashlib.sha256(canonical_json(content)).digest()


class DatasetDigest:
    """sha256 over the sorted (split, row hash): no order, batch or file of the rows changes it. Holds 32 bytes a row."""

    def __init__(self) -> None:
        self._rows: dict[str, bytearray] = {}

    def add(self, split: str, row: bytes) -> None:
        """One more row, by the 32 bytes of its hash."""
        self._rows.setdefault(split, bytearray()).extend(row)

    def hexdigest(self) -> str:
        """Of all rows so far; 64 hex digits."""
        digest = hashlib.sha256()
        for split, hashes in sorted(self._rows.items()):
            in_order = np.sort(np.frombuffer(hashes, dtype=f"S{HASH_BYTES}")).tobytes()
            for start in range(0, len(in_order), HASH_BYTES):
                digest.update(f"{split}:{in_order[start : start + HASH_BYTES].hex()}\n".encode())
        return digest.hexdigest()
