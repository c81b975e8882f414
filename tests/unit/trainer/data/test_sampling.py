"""Shares and limits of sources and domains: how many rows stay, and that neither order nor chance says which."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from sft_trainer.contract import DomainLimit, Gates, ObjectRef, PrepareConfig, PrepareResult, Source, StorePrefix
from sft_trainer.data.origins.catalog import resolve_sources
from sft_trainer.data.prepare import prepare
from sft_trainer.failure import TrainerFailure

GATES = Gates(max_reject_percent=0, min_rows=1)


def rows(first: int, count: int) -> str:
    return "\n".join(
        json.dumps({"question": f"{number} what is it?", "answer": f"{number * 7919} it is"})
        for number in range(first, first + count)
    )


def config(folder: Path, *sources: Source, domains: list[DomainLimit] | None = None) -> PrepareConfig:
    return PrepareConfig(
        owner=ObjectRef(namespace="team", name="faq", uid="u"),
        attempt=1,
        sources=list(sources),
        domains=domains or [],
        eval_percent=0,
        gates=GATES,
        versions=StorePrefix(uri=f"file://{folder}/versions/"),
        run=StorePrefix(uri=f"file://{folder}/run/"),
    )


def prepared(folder: Path, *sources: Source, domains: list[DomainLimit] | None = None) -> PrepareResult:
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    return prepare(config(folder, *sources, domains=domains), scratch)


def by_source(folder: Path) -> dict[str, int]:
    report = json.loads((folder / "run" / "report.json").read_text())
    return {source["name"]: source["accounting"]["kept"] for source in report["sources"]}


@pytest.mark.parametrize(
    ("percent", "max_rows", "kept"), [(100, None, 40), (25, None, 10), (1, None, 1), (100, 7, 7), (50, 30, 20)]
)
def test_a_source_gives_its_share_and_no_more_than_its_limit(
    tmp_path: Path, percent: int, max_rows: int | None, kept: int
) -> None:
    result = prepared(tmp_path, Source(name="a", inline=rows(0, 40), sample_percent=percent, max_rows=max_rows))
    assert result.accounting.kept == kept
    assert result.accounting.rejected == ({"NotSampled": 40 - kept} if kept < 40 else {})


@pytest.mark.parametrize("percent", [101, 300])
def test_a_source_that_is_to_weigh_more_than_its_rows_is_refused_with_what_to_do_instead(percent: int) -> None:
    with pytest.raises(ValidationError, match=r"each row once.*let the others give less"):
        Source(name="a", inline=rows(0, 4), sample_percent=percent)
    with pytest.raises(ValidationError, match=r"each row once.*let the others give less"):
        DomainLimit(domain="medical", sample_percent=percent)


def test_a_source_that_is_named_twice_weighs_no_more_than_once(tmp_path: Path) -> None:
    twice = prepared(tmp_path / "twice", *(Source(name=name, inline=rows(0, 20)) for name in ("a", "b")))
    assert twice.digest == prepared(tmp_path / "once", Source(name="a", inline=rows(0, 20))).digest


def test_a_domain_is_limited_after_its_sources_and_others_are_left_alone(tmp_path: Path) -> None:
    sources = (
        Source(name="a", inline=rows(0, 20), domain="medical", max_rows=10),
        Source(name="b", inline=rows(20, 20), domain="medical"),
        Source(name="c", inline=rows(40, 20), domain="legal"),
        Source(name="d", inline=rows(60, 20)),
    )
    prepared(tmp_path, *sources, domains=[DomainLimit(domain="medical", sample_percent=50)])
    kept = by_source(tmp_path)
    assert kept["a"] + kept["b"] == 15
    assert (kept["c"], kept["d"]) == (20, 20)


def test_the_same_rows_are_chosen_whatever_the_order_they_come_in(tmp_path: Path) -> None:
    lines = rows(0, 40).splitlines()
    digests = {
        prepared(tmp_path / str(step), Source(name="a", inline="\n".join(lines[::step]), max_rows=9)).digest for step in (1, -1)
    }
    assert len(digests) == 1


def test_a_limit_for_a_domain_that_nobody_declares_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(TrainerFailure, match="'medicine', a domain that no source declares; declared: medical"):
        prepared(
            tmp_path, Source(name="a", inline=rows(0, 4), domain="medical"), domains=[DomainLimit(domain="medicine", max_rows=1)]
        )


def test_an_entry_of_the_catalog_declares_its_domain(tmp_path: Path) -> None:
    entry = Source.model_validate({"name": "a", "catalog": {"name": "huatuo-26m-lite"}})
    (resolved,) = resolve_sources(config(tmp_path, entry)).sources
    assert resolved.domain == "medical"
