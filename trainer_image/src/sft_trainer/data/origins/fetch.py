"""Brings the files of a source to the disk, one at a time, in the order of their keys, within the source's limits."""

from __future__ import annotations

import errno
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.contract.source import NetworkSettings, Source
from sft_trainer.data.origins.catalog import resolve
from sft_trainer.data.origins.guarded_http import too_large
from sft_trainer.data.origins.http import HttpOrigin
from sft_trainer.data.origins.hugging_face import HuggingFaceOrigin
from sft_trainer.data.origins.inline import InlineOrigin
from sft_trainer.data.origins.mounted import MountedOrigin
from sft_trainer.data.origins.origin import FoundFile, Origin
from sft_trainer.data.origins.s3 import StoreOrigin
from sft_trainer.failure import TrainerFailure, invalid


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file on the disk; it is gone when the next one is asked for."""

    path: Path
    key: str
    identity: str
    """`etag:`, `sha256:` or `git:` and what the origin knows the content by."""
    size: int
    revision: str = ""
    """The commit that it is part of, where there is such a thing."""
    passed_over: str = ""
    """Files of the source that are not read, by their names."""


PUBLIC = NetworkSettings()
"""No private address is reached."""


def fetch(source: Source, scratch: Path, network: NetworkSettings = PUBLIC) -> Iterator[FetchedFile]:
    """Every file of a source. Raises TrainerFailure when there is nothing to read, or too much."""
    origin = open_origin(source, network)
    remaining = origin.max_bytes
    received = 0
    files = found_files(origin)
    for found in files:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            path = Path(folder) / "file"
            identity = _download(origin, found, path, remaining)
            size = path.stat().st_size
            remaining -= size
            received += size
            yield FetchedFile(path, found.key, identity or _checksum(path), size, found.revision, str(origin.passed_over))
    if not received:
        names = ", ".join(found.key for found in files[:3])
        message = f"{origin.where} is empty ({names}: 0 bytes)"
        raise invalid(Reason.SOURCE_EMPTY, message, "upload the rows and raise spec.run")


def identities(source: Source, network: NetworkSettings = PUBLIC) -> dict[str, str]:
    """What the files of a source are known by now, without reading them; empty for those that only reading can tell."""
    return {found.key: found.identity for found in found_files(open_origin(source, network))}


def open_origin(source: Source, network: NetworkSettings) -> Origin:
    """The place that a source names."""
    source = resolve(source, network.hub_endpoint)
    if source.store is not None:
        return StoreOrigin(source.store)
    if source.http is not None:
        return HttpOrigin(source.http, network.allowed_private_hosts)
    if source.hugging_face is not None:
        return HuggingFaceOrigin(source.hugging_face, network.allowed_private_hosts)
    if source.mounted is not None:
        return MountedOrigin(source.mounted)
    return InlineOrigin(source.inline or "")


def found_files(origin: Origin) -> list[FoundFile]:
    """The files of an origin, sorted; raises TrainerFailure as soon as there are too many, or too large ones."""
    found, total = [], 0
    for file in origin.files():
        found.append(file)
        total += file.size
        if len(found) > origin.max_objects:
            message = f"{origin.where} has more than the {origin.max_objects} files that maxObjects allows"
            raise invalid(Reason.INVALID_CONFIG, message, "name fewer files, or raise the source's maxObjects")
        if total > origin.max_bytes:
            raise too_large(origin.where, origin.max_bytes)
    return sorted(found, key=lambda file: file.key)


def _download(origin: Origin, found: FoundFile, path: Path, max_bytes: int) -> str:
    try:
        return origin.download(found, path, max_bytes)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        message = f"the pod's disk is full while it reads {found.key} of {origin.where}"
        remedy = "ask the platform team for a profile with more disk, or split the file"
        raise TrainerFailure(ExitCode.STORE_DENIED, Reason.STORE_FULL, message, remedy) from error


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
