"""Reads catalog.json: every fact names the page that it was read on, or says that nobody checked it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

UNVERIFIED = "unverified"
"""A fact's source when the fact is hearsay."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(_Frozen):
    """Where facts were read, and when."""

    url: str
    date: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")


class Fact(_Frozen, Generic[T]):
    """Something said of a dataset, and the name of the page that says so."""

    value: T
    source: str

    @property
    def known(self) -> T | None:
        """The value, if somebody has read it where it is said."""
        return None if self.source == UNVERIFIED else self.value


class Shape(StrEnum):
    """How a row tells its turns."""

    ALPACA = "alpaca"
    """instruction, input, output"""
    PAIR = "pair"
    """A question's column and an answer's."""
    SHAREGPT = "sharegpt"
    """A list of turns with from and value."""
    MESSAGES = "messages"
    """A list of turns with role and content."""
    OTHER = "other"
    """None that can be declared by columns: see the dataset's page."""


class Entry(_Frozen):
    """One dataset."""

    title: Fact[str]
    repository: Fact[str]
    files: Fact[str | None]
    """Those to learn from; none means all data files that are not named as a split for tests."""
    shape: Fact[Shape]
    columns: Fact[dict[str, str]]
    """Which column means what, where the names do not say so themselves."""
    language: Fact[tuple[str, ...]]
    domain: Fact[str]
    rows: Fact[str | None]
    license: Fact[str | None]

    @property
    def facts(self) -> Mapping[str, Fact[Any]]:
        """By name."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class _Catalog(_Frozen):
    pages: dict[str, Page]
    entries: dict[str, Entry]


@functools.cache
def _read() -> _Catalog:
    return _Catalog.model_validate_json(files(__package__).joinpath("catalog.json").read_bytes())


def load_catalog() -> dict[str, Entry]:
    """The datasets by name."""
    return _read().entries


def load_pages() -> dict[str, Page]:
    """The pages that facts were read on, by the name that facts use."""
    return _read().pages
