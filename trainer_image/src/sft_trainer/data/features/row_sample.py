"""A sample of the rows that is the same in whatever order they come: those of the least hashes."""

from __future__ import annotations

import heapq
from hashlib import blake2b
from typing import NamedTuple

MAX_INSTRUCTION, MAX_ANSWER = 500, 1000
"""Characters of a sampled row that are looked at: ten thousand rows then take some 30 MB at most."""


class SampledRow(NamedTuple):
    """What is looked at of a row."""

    instruction: str
    answer: str


class RowSample:
    """Keeps the rows of the least hashes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[int, SampledRow]] = []

    def add(self, instruction: str, answer: str) -> None:
        """One more row."""
        if not self._size:
            return
        digest = blake2b(instruction.encode(errors="surrogatepass"), digest_size=8)
        digest.update(answer.encode(errors="surrogatepass"))
        order = -int.from_bytes(digest.digest())  # heapq keeps the least on top, and the greatest hash is to go first
        is_full = len(self._heap) >= self._size
        if is_full and order <= self._heap[0][0]:
            return
        entry = (order, SampledRow(instruction[:MAX_INSTRUCTION], answer[:MAX_ANSWER]))
        if is_full:
            heapq.heapreplace(self._heap, entry)
        else:
            heapq.heappush(self._heap, entry)

    def rows(self) -> list[SampledRow]:
        """In the order of their hashes."""
        return [row for _, row in sorted(self._heap, reverse=True)]
