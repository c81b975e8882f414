"""Files of a dataset repository on a Hugging Face hub, at the commit that its revision names when the run begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from sft_trainer.contract import Reason
from sft_trainer.contract.source import HuggingFaceSource
from sft_trainer.data.origins.glob import matches
from sft_trainer.data.origins.guarded_http import GuardedHttp
from sft_trainer.data.origins.origin import FoundFile, PassedOver, is_data_file, is_held_out
from sft_trainer.data.origins.secret_file import read_secret
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.store.paths import checked

MAX_PAGES = 1000
"""A page holds up to 1,000 entries: a repository of a million files is not read."""
COMMIT = re.compile(r"[0-9a-f]{40}")


class HuggingFaceOrigin:
    """The files of a repository that a source names."""

    def __init__(self, source: HuggingFaceSource, allowed_private_hosts: frozenset[str] = frozenset()) -> None:
        self.where = f"{source.endpoint.rstrip('/')}/datasets/{source.repository}"
        self.passed_over = PassedOver()
        self.max_objects, self.max_bytes = source.max_objects, source.max_bytes
        self._source = source
        self._api = f"{source.endpoint.rstrip('/')}/api/datasets/{source.repository}"
        authorization = f"Bearer {read_secret(source.token_path)}" if source.token_path else None
        self._http = GuardedHttp(allowed_private_hosts, authorization)

    def files(self) -> Iterator[FoundFile]:
        commit = self._commit()
        count = 0
        for entry in self._tree(commit):
            key = str(entry.get("path", ""))
            if self._is_wanted(key):
                count += 1
                yield self._as_file(entry, commit)
            else:
                self.passed_over.add(key)
        if not count:
            there = f"; there is {self.passed_over}" if self.passed_over.count else ""
            message = f"no file of {self.where} at {commit[:8]} is wanted (files: {self._source.files or 'data files'}){there}"
            raise invalid(Reason.SOURCE_NOT_FOUND, message, "correct the source's files")

    def _is_wanted(self, key: str) -> bool:
        """Without a pattern: the data files, less those that are there to test a model with."""
        if self._source.files is not None:
            return matches(self._source.files, key)
        return is_data_file(key) and not is_held_out(key)

    def download(self, found: FoundFile, path: Path, max_bytes: int) -> str:
        received = self._http.download(f"{self.where}/resolve/{found.revision}/{quote(found.key)}", path, max_bytes)
        algorithm, _, expected = found.identity.partition(":")
        if algorithm == "sha256" and received != expected:
            message = f"{found.key} of {self.where} has the SHA-256 {received}, not {expected} as the hub lists it"
            raise invalid(Reason.SOURCE_UNREADABLE, message, "check the hub or mirror, then raise spec.run")
        return found.identity

    def _commit(self) -> str:
        answer, _ = self._http.json(f"{self._api}/revision/{quote(self._source.revision, safe='')}")
        commit = answer.get("sha") if isinstance(answer, dict) else None
        if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
            raise self._unreadable("names no commit")
        return commit

    def _tree(self, commit: str) -> Iterator[dict[str, Any]]:
        url: str | None = f"{self._api}/tree/{commit}?recursive=true"
        for _ in range(MAX_PAGES):
            if url is None:
                return
            if urlsplit(url)[:2] != urlsplit(self._api)[:2]:
                raise self._unreadable("continues its listing on another host")
            page, url = self._http.json(url)
            if not isinstance(page, list) or not all(isinstance(entry, dict) for entry in page):
                raise self._unreadable("gave no list of files")
            yield from (entry for entry in page if entry.get("type") == "file")
        raise self._unreadable(f"lists more than {MAX_PAGES} pages of files")

    def _as_file(self, entry: dict[str, Any], commit: str) -> FoundFile:
        large, size = entry.get("lfs"), entry.get("size")
        if not isinstance(size, int) or not entry.get("oid"):
            raise self._unreadable("lists a file without size or identity")
        identity = f"sha256:{large['oid']}" if isinstance(large, dict) and "oid" in large else f"git:{entry['oid']}"
        return FoundFile(checked(entry["path"]), size, identity, commit)

    def _unreadable(self, what: str) -> TrainerFailure:
        return invalid(Reason.SOURCE_UNREADABLE, f"{self.where}: the hub {what}", "check the source's endpoint")
