"""One file behind a URL, pinned by its checksum."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from sft_trainer.contract import Reason
from sft_trainer.contract.source import HttpSource
from sft_trainer.data.origins.guarded_http import GuardedHttp
from sft_trainer.data.origins.origin import FoundFile, PassedOver
from sft_trainer.data.origins.secret_file import read_secret
from sft_trainer.failure import invalid
from sft_trainer.network.address_guard import shown
from sft_trainer.store.paths import checked


class HttpOrigin:
    """The file that a URL gives."""

    max_objects = 1

    def __init__(self, source: HttpSource, allowed_private_hosts: frozenset[str] = frozenset()) -> None:
        self.where = shown(source.url)
        self.passed_over = PassedOver()
        self.max_bytes = source.max_bytes
        self._source = source
        authorization = read_secret(source.authorization_path) if source.authorization_path else None
        self._http = GuardedHttp(allowed_private_hosts, authorization)

    def files(self) -> Iterator[FoundFile]:
        """Its size is not asked for: what a server says of it before is no promise."""
        name = PurePosixPath(unquote(urlsplit(self._source.url).path)).name
        yield FoundFile(checked(name or "download"), 0, f"sha256:{self._source.sha256}")

    def download(self, found: FoundFile, path: Path, max_bytes: int) -> str:
        received = self._http.download(self._source.url, path, max_bytes)
        if received != self._source.sha256:
            raise invalid(
                Reason.SOURCE_UNREADABLE,
                f"{self.where} has the SHA-256 {received}, not {self._source.sha256}",
                "if the new file is the one you want, put its sha256 into the source",
            )
        return found.identity
