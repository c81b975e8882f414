"""Files of a mounted folder: a ConfigMap's keys."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from sft_trainer.contract import Reason
from sft_trainer.contract.source import MAX_OBJECTS, MountedSource
from sft_trainer.data.origins.guarded_http import too_large
from sft_trainer.data.origins.origin import FoundFile, PassedOver
from sft_trainer.failure import invalid
from sft_trainer.store.paths import checked


class MountedOrigin:
    """The files right in a folder. Kubernetes mounts them as links into a hidden folder beside them."""

    max_objects = MAX_OBJECTS

    def __init__(self, source: MountedSource) -> None:
        self.where = source.path
        self.passed_over = PassedOver()
        self.max_bytes = source.max_bytes
        self._folder = Path(source.path)

    def files(self) -> Iterator[FoundFile]:
        names = sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []
        keys = [name for name in names if not name.startswith("..") and (self._folder / name).is_file()]
        if not keys:
            raise invalid(Reason.SOURCE_NOT_FOUND, f"there is no file in {self.where}", "give the ConfigMap a key with rows")
        for key in keys:
            content = self._inside(key).read_bytes()  # at most 1 MiB: what a ConfigMap can hold
            yield FoundFile(checked(key), len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")

    def download(self, found: FoundFile, path: Path, max_bytes: int) -> str:
        file = self._inside(found.key)
        if file.stat().st_size > max_bytes:
            raise too_large(self.where, self.max_bytes)
        shutil.copyfile(file, path)
        return found.identity

    def _inside(self, key: str) -> Path:
        file = (self._folder / key).resolve()
        if not file.is_relative_to(self._folder.resolve()):
            message = f"{self.where}/{key} is a link to a place outside of {self.where}"
            raise invalid(Reason.INVALID_CONFIG, message, "put the file itself there")
        return file
