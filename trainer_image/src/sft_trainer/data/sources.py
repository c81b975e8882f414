"""Streams the lines of a source: an S3 object, every .jsonl object below a prefix, or rows from the manifest itself."""

from __future__ import annotations

import difflib
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sft_trainer.contract import Reason, Source, StorePrefix
from sft_trainer.failure import invalid
from sft_trainer.store.object_store import ObjectInfo, ObjectNotFound, ObjectStore, open_object

SUFFIX = ".jsonl"
MAX_LINE_BYTES = 16 << 20
"""A row longer than this is not an instruction; it would be held in memory several times over."""
NEIGHBOURS = 1000
"""Keys that are looked through for one like the missing one: one page of a listing."""
OVERLONG_BYTES = 4096
"""What is kept of an overlong line, for whoever looks for it."""
INLINE_FILE = "inline"
UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, without its end; only the beginning of one that is longer than MAX_LINE_BYTES."""

    file: str
    number: int
    data: bytes
    is_too_long: bool = False


def read_lines(source: Source, scratch: Path) -> Iterator[Line]:
    """Every line of a source that is not blank. Raises TrainerFailure when there is nothing to read."""
    if source.store is None:
        yield from _lines(INLINE_FILE, (source.inline or "").encode().splitlines())
        return
    store, key = open_object(source.store)
    for found in _objects(store, key, source.store):
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            path = Path(folder) / "object"
            try:
                store.download(found.key, path)
            except ObjectNotFound as error:
                raise _not_found(store, found.key) from error
            with path.open("rb") as file:
                yield from _lines(found.key, _capped(file))


def _objects(store: ObjectStore, key: str, location: StorePrefix) -> list[ObjectInfo]:
    """The named object, or the .jsonl objects of a folder, in the order of their keys."""
    if key:
        found = store.head(key)
        if found is None:
            raise _not_found(store, key)
        objects = [found]
    else:
        everything = list(store.list())
        objects = [found for found in everything if found.key.endswith(SUFFIX)]
        if not objects:
            raise _nothing_below(location, [found.key for found in everything])
    if all(found.size == 0 for found in objects):
        names = ", ".join(found.key for found in objects[:3])
        raise invalid(Reason.SOURCE_EMPTY, f"{location.uri} is empty ({names}: 0 bytes)", "upload the rows and raise spec.run")
    return objects


def _not_found(store: ObjectStore, key: str) -> Exception:
    beside = [found.key for found in itertools.islice(store.list(), NEIGHBOURS)]
    near = difflib.get_close_matches(key, beside, n=3, cutoff=0.5) or beside[:3]
    there = f"; there is {', '.join(near)}" if near else "; nothing is there"
    return invalid(
        Reason.SOURCE_NOT_FOUND,
        f"{store.uri}{key} was not found{there}",
        "correct the uri (a trailing slash reads a whole folder), or upload the object and raise spec.run",
    )


def _nothing_below(location: StorePrefix, others: list[str]) -> Exception:
    there = f"; there is {', '.join(others[:3])}" if others else "; nothing is there"
    return invalid(
        Reason.SOURCE_NOT_FOUND,
        f"no object below {location.uri} ends in {SUFFIX}{there}",
        f"correct the uri, or upload {SUFFIX} objects and raise spec.run",
    )


def _capped(file: BinaryIO) -> Iterator[bytes]:
    """Lines of a binary file. Of an overlong one comes a byte more than is allowed, and the rest is skipped in pieces."""
    readline = file.readline
    while line := readline(MAX_LINE_BYTES + 1):
        yield line
        ends = line.endswith(b"\n")
        while not ends and len(line) > MAX_LINE_BYTES:
            rest = readline(MAX_LINE_BYTES)
            ends = not rest or rest.endswith(b"\n")


def _lines(file: str, lines: Iterable[bytes]) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        text = (line.removeprefix(UTF8_BOM) if number == 1 else line).rstrip(b"\r\n")
        if len(text) > MAX_LINE_BYTES:
            yield Line(file, number, text[:OVERLONG_BYTES], is_too_long=True)
        elif text.strip():
            yield Line(file, number, text)
