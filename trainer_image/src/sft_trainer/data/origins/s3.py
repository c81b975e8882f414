"""Objects of a store: one, all data files below a folder, or those that a pattern names."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator
from pathlib import Path

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.contract.source import StoreSource
from sft_trainer.data.origins.glob import fixed_folder, matches
from sft_trainer.data.origins.guarded_http import too_large
from sft_trainer.data.origins.origin import FoundFile, PassedOver, is_data_file
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.store.object_store import ObjectInfo, ObjectNotFound, ObjectStore, open_object
from sft_trainer.store.paths import checked

ATTEMPTS = 3
"""Downloads of an object that changes meanwhile."""
NEIGHBOURS = 1000
"""Keys that are looked through for one like the missing one: one page of a listing."""
MAX_LISTED = 1_000_000
"""A folder with more objects than this, of which few are wanted, is better named more narrowly: listing it takes minutes."""


class StoreOrigin:
    """The objects that a source names."""

    def __init__(self, source: StoreSource, store: ObjectStore | None = None, key: str = "") -> None:
        self.where = source.uri
        self.passed_over = PassedOver()
        self.max_objects, self.max_bytes = source.max_objects, source.max_bytes
        self._pattern = source.files
        self._store, self._key = (store, key) if store else open_object(source, follows_links=False)

    def files(self) -> Iterator[FoundFile]:
        if self._key:
            found = self._store.head(self._key)
            if found is None:
                raise self._not_found(self._key)
            yield _as_file(found)
            return
        count = 0
        for found in self._listed():
            if self._is_wanted(found.key):
                count += 1
                yield _as_file(found)
            else:
                self.passed_over.add(found.key)
        if not count:
            raise self._nothing_below()

    def download(self, found: FoundFile, path: Path, max_bytes: int) -> str:
        """What was written is what stands there behind the download, unless the object was written to in the meantime."""
        identity, size = found.identity, found.size
        for _ in range(ATTEMPTS):
            if size > max_bytes:
                raise too_large(self.where, self.max_bytes)
            try:
                self._store.download(found.key, path)
            except ObjectNotFound as error:
                raise self._not_found(found.key) from error
            now = self._store.head(found.key)
            if now is None:
                raise self._not_found(found.key)
            if _identity(now) == identity:
                return identity
            identity, size = _identity(now), now.size
        message = f"{self._store.uri}{found.key} is written again and again while it is read"
        remedy = "it is tried again; write it elsewhere and copy it there when it is whole"
        raise TrainerFailure(ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE, message, remedy)

    def _listed(self) -> Iterator[ObjectInfo]:
        for number, found in enumerate(self._store.list(fixed_folder(self._pattern or "")), start=1):
            if number > MAX_LISTED:
                message = f"{self.where} has more than {MAX_LISTED} objects, of which too few are wanted to list them all"
                raise invalid(Reason.INVALID_CONFIG, message, "name a folder further down")
            yield found

    def _is_wanted(self, key: str) -> bool:
        return is_data_file(key) if self._pattern is None else matches(self._pattern, key)

    def _not_found(self, key: str) -> TrainerFailure:
        beside = [found.key for found in itertools.islice(self._store.list(), NEIGHBOURS)]
        near = difflib.get_close_matches(key, beside, n=3, cutoff=0.5) or beside[:3]
        there = f"; there is {', '.join(near)}" if near else "; nothing is there"
        return invalid(
            Reason.SOURCE_NOT_FOUND,
            f"{self._store.uri}{key} was not found{there}",
            "correct the uri (a trailing slash reads a whole folder), or upload the object and raise spec.run",
        )

    def _nothing_below(self) -> TrainerFailure:
        there = f"; there is {self.passed_over}" if self.passed_over.count else "; nothing is there"
        wanted = "is a data file (.jsonl, .json, .csv, .parquet, ...)" if self._pattern is None else f"matches {self._pattern!r}"
        return invalid(
            Reason.SOURCE_NOT_FOUND,
            f"no object below {self.where} {wanted}{there}",
            "correct the uri or the pattern, or upload the objects and raise spec.run",
        )


def _as_file(found: ObjectInfo) -> FoundFile:
    return FoundFile(checked(found.key), found.size, _identity(found))


def _identity(found: ObjectInfo) -> str:
    return f"etag:{found.etag}" if found.etag else ""
