"""Writes docs/catalog.md: `python -m sft_trainer.data.catalog.generate_docs docs/catalog.md`."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

from sft_trainer.data.catalog.catalog import UNVERIFIED, Entry, Fact, Page, load_catalog, load_pages

INTRODUCTION = """# Catalog of open instruction sets

Generated from `trainer_image/src/sft_trainer/data/catalog/catalog.json`; do not edit it here.

A source names one of these by `catalog: {name: ...}`. A letter in brackets names the page on which a fact was read (listed
at the end, with the day); *unverified* means that nobody has checked it: look at the dataset's own page before you rely on
it, at its licence above all: a licence that is unverified is not put on a dataset's card. The day is when a stored copy of the
page was read; the page itself may have changed since it was copied. Without files, all data files of the repository are read
but those that are named as splits for tests. Sets that look like *other* need a `fieldMap`, or cannot be learned from as they
are: wiki-qa, for one, holds right and wrong answers, told apart by a label.
"""
HEAD = "| name | dataset | files | rows look like | languages | domain | rows | licence |\n" + "|---" * 8 + "|\n"


def render() -> str:
    """The whole page."""
    entries = sorted(load_catalog().items(), key=lambda item: (item[1].domain.value, item[0]))
    parts = [INTRODUCTION]
    for domain, group in itertools.groupby(entries, key=lambda item: item[1].domain.value):
        parts.append(f"## {domain.capitalize()}\n\n{HEAD}" + "".join(_row(name, entry) for name, entry in group))
    parts.append("## Pages\n\n" + "".join(_page(name, page) for name, page in load_pages().items()))
    return "\n".join(parts)


def _row(name: str, entry: Entry) -> str:
    columns = ", ".join(f"{meaning} = `{column}`" for meaning, column in entry.columns.value.items())
    shape = f"{entry.shape.value} {_source(entry.shape)}" + (f": {columns} {_source(entry.columns)}" if columns else "")
    repository = f"{_told(entry.title)}: `{entry.repository.value}` {_source(entry.repository)}"
    files = f"`{entry.files.value}` {_source(entry.files)}" if entry.files.value else ""
    languages = f"{', '.join(entry.language.value)} {_source(entry.language)}"
    cells = (f"`{name}`", repository, files, shape, languages, _told(entry.domain), _told(entry.rows), _told(entry.license))
    return f"| {' | '.join(cells)} |\n"


def _told(fact: Fact[Any]) -> str:
    return f"{fact.value or ''} {_source(fact)}".strip()


def _source(fact: Fact[Any]) -> str:
    return f"*{UNVERIFIED}*" if fact.source == UNVERIFIED else f"[{fact.source}]"


def _page(name: str, page: Page) -> str:
    return f"- [{name}] <{page.url}>, read {page.date}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
