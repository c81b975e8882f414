"""The strings of JSON text, each to be read and replaced where it stands: all else stays as it was written, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import orjson

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.0-9Ee]*[0-9][-+.0-9Ee]*')
"""Strings, and numbers between them: a phone number may be written as either."""


def strings_in(text: str) -> list[str] | None:
    """What its strings say, names of members included, and its numbers as they are written; None where the text is no JSON."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return [_said(token) for token in _TOKENS.findall(text)]


def with_strings(text: str, strings: Sequence[str]) -> str:
    """The same JSON with other strings, in the order of `strings_in`; a number that is replaced becomes a string."""
    remaining: Iterator[str] = iter(strings)
    return _TOKENS.sub(lambda token: _written(token[0], next(remaining)), text)


def _said(token: str) -> str:
    return str(orjson.loads(token)) if token[0] == '"' else token


def _written(token: str, said: str) -> str:
    return token if said == _said(token) else orjson.dumps(said).decode()
