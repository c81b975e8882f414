"""How much of each source and each domain is kept. Which rows follows from their hashes: neither order nor chance decides."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from sft_trainer.contract import PrepareConfig, Reason
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.failure import invalid

NOT_SAMPLED = "NotSampled"


def require_known_domains(config: PrepareConfig) -> None:
    """A limit for a domain that no source declares would limit nothing; raises TrainerFailure."""
    declared = sorted({source.domain for source in config.sources if source.domain})
    for limit in config.domains:
        if limit.domain not in declared:
            there = ", ".join(declared) or "none"
            message = f"domains limits '{limit.domain}', a domain that no source declares; declared: {there}"
            raise invalid(Reason.INVALID_CONFIG, message, "declare it in a source's domain, or correct the name")


def left_out_rows(config: PrepareConfig, kept: Sequence[int], rows: KeptRows) -> Iterator[int]:
    """Rows beyond what the source, and after it the domain, may give."""
    sources = {source.name: (source.sample_percent, source.max_rows) for source in config.sources}
    domains = {limit.domain: (limit.sample_percent, limit.max_rows) for limit in config.domains}
    domain_of = {source.name: source.domain for source in config.sources}
    if not domains and all(limit == (100, None) for limit in sources.values()):
        return
    remaining: dict[str | None, list[int]] = defaultdict(list)
    for source, numbers in _grouped(kept, rows).items():
        chosen = _chosen(numbers, *sources[source], rows)
        yield from set(numbers) - set(chosen)
        remaining[domain_of[source]] += chosen
    for domain, numbers in remaining.items():
        if domain in domains:
            yield from set(numbers) - set(_chosen(numbers, *domains[domain], rows))


def _grouped(kept: Sequence[int], rows: KeptRows) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for number in kept:
        groups[rows.source(number)].append(number)
    return groups


def _chosen(numbers: list[int], percent: int, max_rows: int | None, rows: KeptRows) -> list[int]:
    count = min(math.ceil(len(numbers) * percent / 100), len(numbers) if max_rows is None else max_rows)
    return numbers if count == len(numbers) else sorted(numbers, key=rows.hashes.__getitem__)[:count]
