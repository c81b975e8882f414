"""The catalog: broad enough, every fact with its page, and its documentation up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from sft_trainer.contract.source import CatalogSource, HuggingFaceSource
from sft_trainer.data.catalog.catalog import UNVERIFIED, Entry, Shape, load_catalog, load_pages
from sft_trainer.data.catalog.generate_docs import render

DOCUMENT = Path(__file__).parents[5] / "docs" / "catalog.md"
COLUMNS = {
    Shape.ALPACA: set(),
    Shape.PAIR: {"prompt", "response"},
    Shape.SHAREGPT: {"messages"},
    Shape.MESSAGES: {"messages"},
    Shape.OTHER: set(),
}
ENTRIES = [pytest.param(name, entry, id=name) for name, entry in load_catalog().items()]


def test_the_catalog_covers_the_domains_that_people_ask_for() -> None:
    assert len(load_catalog()) >= 40
    domains = {entry.domain for entry in load_catalog().values()}
    assert domains >= {"general", "medical", "legal", "finance", "education", "code", "dialogue"}
    assert sum("zh" in entry.language for entry in load_catalog().values()) >= 20


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_an_entry_can_be_named_and_reached(name: str, entry: Entry) -> None:
    assert CatalogSource(name=name)
    assert HuggingFaceSource(repository=entry.repository.value, files=entry.files)
    assert COLUMNS[entry.shape.value] <= set(entry.columns)


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_every_fact_names_its_page_or_that_nobody_checked_it(name: str, entry: Entry) -> None:
    facts = (entry.repository, entry.shape, entry.rows, entry.license)
    assert all(fact.source == UNVERIFIED or fact.source in load_pages() for fact in facts)
    assert all(fact.source == UNVERIFIED or fact.value is not None for fact in facts)


def test_every_page_is_cited() -> None:
    cited = {fact.source for e in load_catalog().values() for fact in (e.repository, e.shape, e.rows, e.license)}
    assert set(load_pages()) <= cited


def test_the_documentation_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(), (
        "run: python -m sft_trainer.data.catalog.generate_docs docs/catalog.md"
    )
