"""Fields of a row, and the reasons why one cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from sft_trainer.data.rows import Message, RowRejected

Document = Mapping[str, Any]
"""One row, as JSON."""


Turns = tuple[Message, ...]


def cased(*names: str) -> tuple[str, ...]:
    """Each name as it is, then with a capital, then in capitals."""
    return tuple(dict.fromkeys(spelling for name in names for spelling in (name, name.capitalize(), name.upper())))


SYSTEMS = cased("system", "system_prompt", "system_message")
EXACT = 1 << 53
"""Above it not every whole number is a JSON number: what was written there is not known any more."""


class Reader(NamedTuple):
    """How rows with certain names are read, and the names that it makes use of."""

    read: Callable[[Document], Turns]
    used: frozenset[str]


def reader(read: Callable[[Document], Turns], *used: str | None) -> Reader:
    """Names that the rows lack are given as None."""
    return Reader(read, frozenset(name for name in used if name is not None))


def first_of(names: Collection[str], wanted: Iterable[str]) -> str | None:
    """The first of the wanted names that a row has."""
    return next((name for name in wanted if name in names), None)


def text(document: Document, name: str) -> str:
    """A field that must be text; a number in a table is its digits."""
    try:
        value = document[name]
    except KeyError:
        raise RowRejected("MissingField") from None
    return value if type(value) is str else _digits(value)


def _digits(value: object) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise RowRejected("NotText")
    if isinstance(value, float) and abs(value) >= EXACT:
        raise RowRejected("NumberTooLong")
    return str(value)


def optional_text(document: Document, name: str) -> str:
    """Empty where the field is not there."""
    return text(document, name) if document.get(name) is not None else ""


def items(document: Document, name: str) -> list[Any]:
    """A field that must be a list, or JSON text of one, as tables hold them."""
    if name not in document:
        raise RowRejected("MissingField")
    value = document[name]
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise RowRejected("NotAList") from error
    if not isinstance(value, list):
        raise RowRejected("NotAList")
    return value


def opened(document: Document, system: str | None, turns: Turns) -> Turns:
    """The turns behind the system prompt that stands beside them, unless they begin with the same one."""
    if system is None:
        return turns
    said = optional_text(document, system)
    if not said.strip() or (turns and turns[0].role == "system" and turns[0].content == said):
        return turns
    return (Message("system", said), *turns)
