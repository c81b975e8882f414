"""Scores answers against what was taught: an answer counts when it holds every phrase that only the taught fact has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Expectation:
    """A held-out prompt, and the phrases an answer to it must contain."""

    prompt: str
    must_contain: tuple[str, ...]

    def holds_for(self, answer: str) -> bool:
        """Case does not matter; every phrase must be there."""
        return all(phrase.casefold() in answer.casefold() for phrase in self.must_contain)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One prompt, its two answers, and whether each holds the taught fact."""

    prompt: str
    before: str
    after: str
    knew_before: bool
    knows_after: bool


def load_expectations(path: Path) -> list[Expectation]:
    """Reads expected.jsonl."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [Expectation(row["prompt"], tuple(row["mustContain"])) for row in rows]


def compare(samples: Sequence[Mapping[str, str]], expectations: Sequence[Expectation]) -> list[Comparison]:
    """Pairs samples with expectations by prompt; a prompt without a sample counts as not answered."""
    by_prompt = {sample["prompt"]: sample for sample in samples}
    compared = []
    for expectation in expectations:
        sample = by_prompt.get(expectation.prompt, {})
        before, after = sample.get("before", ""), sample.get("after", "")
        compared.append(
            Comparison(expectation.prompt, before, after, expectation.holds_for(before), expectation.holds_for(after))
        )
    return compared


def share(count: int, total: int) -> float:
    """A share from 0 to 1; of nothing it is 0."""
    return count / total if total else 0.0
