"""What cleaning changed: counted for each source, the first rows of each kind shown before and after."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import NamedTuple

from sft_trainer.data.cleaning.cleaner import Cleaned
from sft_trainer.data.rows import Content, Origin

SAMPLES = 3
"""Rows of each kind that the report shows."""


class ChangedText(NamedTuple):
    """A row's turns before and after; what must not be published is masked in both."""

    origin: Origin
    changes: tuple[str, ...]
    before: str
    after: str


class Changes:
    """The changes of one preparation."""

    def __init__(self, masked: Callable[[str], str]) -> None:
        self._masked = masked
        self._shown: Counter[str] = Counter()
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """By source: rows by what was changed in them."""
        self.samples: list[ChangedText] = []

    def note(self, origin: Origin, before: Content, cleaned: Cleaned) -> None:
        """One row was changed."""
        self.counts[origin.source].update(cleaned.changes)
        if any(self._shown[change] < SAMPLES for change in cleaned.changes):
            self._shown.update(cleaned.changes)
            texts = _turns(before, self._masked), _turns(cleaned.content, _as_it_is)
            self.samples.append(ChangedText(origin, tuple(sorted(cleaned.changes)), *texts))


def _turns(content: Content, shown: Callable[[str], str]) -> str:
    return "\n\n".join(f"{message.role}: {shown(message.content)}" for message in content.messages)


def _as_it_is(text: str) -> str:
    return text
