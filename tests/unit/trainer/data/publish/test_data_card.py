"""The card of a version: its front matter, and that it says the same of the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.data.publish.data_card import DataCard, SourceLineage, data_card

CARD = DataCard(
    name="triage-notes",
    digest="3f" * 32,
    rows={"train": 950, "eval": 50},
    languages={"zh": 600, "en": 395, "ja": 2, "other": 3},
    sources=[
        SourceLineage("books", 600, "s3://library/books/", "etag 9b2c", "apache-2.0", "en", "general"),
        SourceLineage("clinic", 400, licence="CC BY-NC 4.0", domain="medical"),
    ],
)


def front_matter(card: DataCard) -> dict[str, Any]:
    _, front, _ = data_card(card).split("---\n", 2)
    fields = yaml.safe_load(front)
    assert isinstance(fields, dict)
    return fields


def test_the_front_matter_names_licence_languages_size_and_files() -> None:
    fields = front_matter(CARD)
    assert fields["license"] == "cc-by-nc-4.0"
    assert fields["language"] == ["en", "zh"]
    assert fields["size_categories"] == ["1K<n<10K"]
    assert fields["configs"][0]["data_files"] == [
        {"split": "train", "path": "train-*.parquet"},
        {"split": "eval", "path": "eval-*.parquet"},
    ]


def test_every_source_has_its_line() -> None:
    card = data_card(CARD)
    assert "| books | 600 | Apache-2.0 | en | general | s3://library/books/ | etag 9b2c |" in card
    assert "| clinic | 400 | CC-BY-NC-4.0 | - | medical | - | - |" in card


def test_a_source_without_rows_sets_no_licence() -> None:
    unused = SourceLineage("unused", 0, licence="secret")
    assert front_matter(replace(CARD, sources=[*CARD.sources, unused]))["license"] == "cc-by-nc-4.0"


def test_the_order_in_which_sources_are_given_changes_nothing() -> None:
    assert data_card(CARD) == data_card(replace(CARD, sources=CARD.sources[::-1], languages=dict(sorted(CARD.languages.items()))))


@pytest.mark.parametrize(
    ("rows", "size"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (2_000_000, "1M<n<10M"), (20_000_000, "10M<n<100M")],
)
def test_the_size_is_a_category_of_the_hub(rows: int, size: str) -> None:
    assert front_matter(replace(CARD, rows={"train": rows, "eval": 0}))["size_categories"] == [size]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_of_a_source_leaves_its_cell(name: str, text: str) -> None:
    source = SourceLineage(f"a{name}", 10, text, text, text, text, text)
    card = data_card(replace(CARD, sources=[source]))
    [line] = [line for line in card.split("\n") if line.startswith("| a")]
    assert line.replace("\\\\", "").replace("\\|", "").count("|") == 8
    assert "<" not in line.replace("\\<", "")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co", "Zl", "Zp"])))
def test_a_name_cannot_end_the_front_matter(name: str) -> None:
    assert front_matter(replace(CARD, name=name))["pretty_name"] == name
