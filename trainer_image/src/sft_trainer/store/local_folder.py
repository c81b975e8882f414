"""A folder on a disk as an ObjectStore: for use without a cluster, and for tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sft_trainer.contract import Reason
from sft_trainer.failure import invalid
from sft_trainer.store.hashing_writer import HashingWriter
from sft_trainer.store.object_store import ObjectInfo, ObjectNotFound, ObjectTooLarge
from sft_trainer.store.paths import inside

UNFINISHED = ".part"
PIECE_BYTES = 1 << 20


class LocalFolder:
    """An ObjectStore on a folder. Without `follows_links` it lists none with a link that leads out of it."""

    def __init__(self, folder: Path, *, follows_links: bool = True) -> None:
        self._folder = folder
        self._follows_links = follows_links
        self.uri = f"file://{folder}/"

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        if not self._follows_links:
            self._check_links()
        files = (path for path in self._folder.rglob("*") if path.is_file() and not path.name.endswith(UNFINISHED))
        keys = sorted(path.relative_to(self._folder).as_posix() for path in files)
        for key in keys:
            if key.startswith(prefix):
                yield ObjectInfo(key, (self._folder / key).stat().st_size)

    def list_top(self) -> Iterator[ObjectInfo]:
        return (found for found in self.list() if "/" not in found.key)

    def _check_links(self) -> None:
        """Raises TrainerFailure for a link to a place outside: who fills a folder may not choose what else is read."""
        root = self._folder.resolve()
        for path in self._folder.rglob("*"):
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                message = f"{path} is a link to a place outside of {self._folder}"
                raise invalid(Reason.INVALID_CONFIG, message, "put the file itself there, or name the file it leads to")

    def head(self, key: str) -> ObjectInfo | None:
        path = inside(self._folder, key)
        return ObjectInfo(key, path.stat().st_size) if path.is_file() else None

    def read(self, key: str, max_bytes: int) -> bytes:
        path = self._existing(key)
        if path.stat().st_size > max_bytes:
            raise ObjectTooLarge(f"{self.uri}{key} has {path.stat().st_size} bytes, more than {max_bytes}")
        return path.read_bytes()

    def download(self, key: str, path: Path) -> str:
        source = self._existing(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + UNFINISHED)
        with source.open("rb") as original, HashingWriter(unfinished) as copy:
            shutil.copyfileobj(original, copy, PIECE_BYTES)
        unfinished.rename(path)
        return copy.sha256()

    def upload(self, path: Path, key: str) -> None:
        unfinished = self._unfinished(key)
        shutil.copyfile(path, unfinished)
        unfinished.rename(inside(self._folder, key))

    def put(self, key: str, data: bytes) -> None:
        unfinished = self._unfinished(key)
        unfinished.write_bytes(data)
        unfinished.rename(inside(self._folder, key))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        unfinished = self._unfinished(key)
        unfinished.write_bytes(data)
        try:
            os.link(unfinished, inside(self._folder, key))  # unlike rename, it fails when the name is taken
        except FileExistsError:
            return self.read(key, max_bytes=1 << 30) == data
        finally:
            unfinished.unlink()
        return True

    def delete(self, key: str) -> None:
        inside(self._folder, key).unlink(missing_ok=True)

    def _existing(self, key: str) -> Path:
        path = inside(self._folder, key)
        if not path.is_file():
            raise ObjectNotFound(f"{self.uri}{key}")
        return path

    def _unfinished(self, key: str) -> Path:
        path = inside(self._folder, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.with_name(f"{path.name}.{os.getpid()}{UNFINISHED}")
