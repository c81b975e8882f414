"""What the trainer needs of an object store. Keys are relative to the store's root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sft_trainer.contract import Reason, StorePrefix
from sft_trainer.failure import invalid


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object."""

    key: str
    size: int
    etag: str = field(default="", compare=False)
    """Changes when the content does; empty where the store has no such thing."""


class ObjectNotFound(Exception):
    """There is no object at this key; the caller knows what that means."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} was not found")
        self.uri = uri


class ObjectTooLarge(Exception):
    """An object is larger than the caller is willing to hold in memory."""


class ObjectStore(Protocol):
    """A folder of objects. Every call may raise TrainerFailure (StoreUnavailable, StoreDenied, StoreFull, BucketNotFound)."""

    uri: str
    """The root, with a trailing slash."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object below a prefix, sorted by key."""

    def list_top(self) -> Iterator[ObjectInfo]:
        """The objects that lie in the root itself, sorted by key; folders below it cost nothing, however much they hold."""

    def head(self, key: str) -> ObjectInfo | None:
        """One object, or None."""

    def read(self, key: str, max_bytes: int) -> bytes:
        """The whole object; raises ObjectNotFound, or ObjectTooLarge above `max_bytes`."""

    def download(self, key: str, path: Path) -> str:
        """Writes the object to a file, which appears whole or not at all; returns the sha256 of what was written, taken on the
        way. Raises ObjectNotFound."""

    def upload(self, path: Path, key: str) -> None:
        """Writes a file's content to the object."""

    def put(self, key: str, data: bytes) -> None:
        """Writes the object."""

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Writes the object unless one stands there; tells whether these very bytes stand there now."""

    def delete(self, key: str) -> None:
        """Removes the object; it is no error when there is none."""


def open_store(prefix: StorePrefix, *, follows_links: bool = True) -> ObjectStore:
    """The store rooted at a prefix: `s3://bucket/folder/` or `file:///folder/`."""
    if prefix.uri.startswith("s3://"):
        from sft_trainer.store.s3 import S3Store  # boto3 takes a third of a second to import, and a local folder needs none

        return S3Store(prefix)
    if prefix.uri.startswith("file:///"):
        from sft_trainer.store.local_folder import LocalFolder

        return LocalFolder(Path(prefix.uri.removeprefix("file://")), follows_links=follows_links)
    raise invalid(Reason.INVALID_CONFIG, f"'{prefix.uri}' must start with s3:// or file:///")


def open_object(prefix: StorePrefix, *, follows_links: bool = True) -> tuple[ObjectStore, str]:
    """A store and a key for a URI that may name one object: (its folder, its name); for a folder the key is empty."""
    if prefix.uri.endswith("/"):
        return open_store(prefix, follows_links=follows_links), ""
    folder, _, name = prefix.uri.rpartition("/")
    if folder in ("s3:/", "file:/"):  # s3://bucket without a slash is the bucket itself
        return open_store(prefix.model_copy(update={"uri": f"{prefix.uri}/"})), ""
    return open_store(prefix.model_copy(update={"uri": f"{folder}/"})), name


def below(prefix: StorePrefix, *parts: str) -> StorePrefix:
    """A folder below a folder, reached the same way."""
    return prefix.model_copy(update={"uri": f"{prefix.uri.rstrip('/')}/{'/'.join(parts)}/"})
