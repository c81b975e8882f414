"""The catalog: broad enough, every fact with its page, and its documentation up to date."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sft_trainer.contract.source import CatalogSource, FieldMap, HuggingFaceSource, Source
from sft_trainer.data.catalog.catalog import UNVERIFIED, Entry, Shape, load_catalog, load_pages
from sft_trainer.data.catalog.generate_docs import render
from sft_trainer.data.normalise import normalise
from sft_trainer.data.origins.catalog import resolve

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
    domains = {entry.domain.value for entry in load_catalog().values()}
    assert domains >= {"general", "medical", "legal", "finance", "education", "code", "dialogue"}
    counts = Counter(entry.domain.value for entry in load_catalog().values())
    assert counts["medical"] >= 8
    assert counts["legal"] >= 4
    assert sum("zh" in entry.language.value for entry in load_catalog().values()) >= 20


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_an_entry_can_be_named_and_reached(name: str, entry: Entry) -> None:
    assert CatalogSource(name=name)
    assert HuggingFaceSource(repository=entry.repository.value, files=entry.files.value)
    assert COLUMNS[entry.shape.value] <= set(entry.columns.value)


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_every_fact_names_its_page_or_that_nobody_checked_it(name: str, entry: Entry) -> None:
    assert set(entry.facts) >= {"title", "repository", "files", "shape", "columns", "language", "domain", "rows", "license"}
    assert all(fact.source == UNVERIFIED or fact.source in load_pages() for fact in entry.facts.values())
    assert all(fact.source == UNVERIFIED or fact.value for fact in entry.facts.values())


def test_a_licence_that_nobody_has_read_is_not_handed_on() -> None:
    def licence(name: str) -> str | None:
        return resolve(Source(name="s", catalog=CatalogSource(name=name)), "https://hub").license

    assert licence("alpaca-cot") is None
    assert licence("disc-law") == "Apache-2.0"
    assert resolve(Source(name="s", catalog=CatalogSource(name="alpaca-cot"), license="MIT"), "https://hub").license == "MIT"


def test_the_schema_of_a_database_is_a_part_of_the_question() -> None:
    field_map = resolve(Source(name="s", catalog=CatalogSource(name="text-to-sql")), "https://hub").field_map
    assert field_map == FieldMap(prompt="sql_prompt", input="sql_context", response="sql")


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_what_stands_beside_the_columns_of_a_known_set_is_left_out(name: str, entry: Entry) -> None:
    source = resolve(Source(name="s", catalog=CatalogSource(name=name)), "https://hub")
    if entry.shape.value is Shape.OTHER:
        assert source.field_map is None
        return
    assert source.field_map is not None
    turns = {"sharegpt": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}.get(
        entry.shape.value, [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    )
    values = {"messages": turns, "prompt": "q", "response": "a"}
    row = {
        column: values[meaning] for meaning, column in source.field_map.model_dump(exclude_none=True).items() if meaning in values
    }
    found = normalise(row | {"knowledge": "beside", "label": 1}, source.format, source.field_map)
    assert [message.content for message in found.content.messages] == ["q", "a"]


def test_every_page_is_cited() -> None:
    cited = {fact.source for entry in load_catalog().values() for fact in entry.facts.values()}
    assert set(load_pages()) <= cited


def test_the_documentation_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(), (
        "run: python -m sft_trainer.data.catalog.generate_docs docs/catalog.md"
    )
