"""MANIFEST.json makes a folder exist. It lists every file with size and sha256, is written last, and the first one stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sft_trainer.store.object_store import ObjectNotFound, ObjectStore
from sft_trainer.store.paths import UnsafePath, checked, inside

MANIFEST = "MANIFEST.json"
MAX_MANIFEST_BYTES = 16 << 20
"""Room for some 100,000 files; more is not a manifest of ours."""
PARALLEL_TRANSFERS = 4
"""Small files wait for round trips, and four hide that; large ones are cut in parts by the store itself."""


class ManifestInvalid(Exception):
    """A folder does not hold what its manifest says, or the manifest itself cannot be read."""


class ManifestFile(BaseModel):
    """One file of the folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(max_length=1024)
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """The content of MANIFEST.json. `about` says what the folder holds: its kind and digests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = 1
    kind: str
    about: dict[str, Any]
    files: list[ManifestFile]

    def to_bytes(self) -> bytes:
        """Canonical: sorted keys and files, so that the same folder always has the same manifest."""
        content = self.model_dump()
        content["files"] = sorted(content["files"], key=lambda file: str(file["name"]))
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    def digest(self) -> str:
        """sha256 of the manifest's bytes: names every byte of the folder."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def total_bytes(self) -> int:
        return sum(file.size for file in self.files)


def sha256_of(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_folder(folder: Path, kind: str, about: Mapping[str, Any]) -> Manifest:
    """The manifest of a local folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [
        ManifestFile(name=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=sha256_of(path)) for path in paths
    ]
    return Manifest(kind=kind, about=dict(about), files=files)


def load_manifest(store: ObjectStore, prefix: str = "") -> Manifest | None:
    """The manifest at a prefix (empty, or ending in a slash), or None; raises ManifestInvalid."""
    try:
        data = store.read(f"{prefix}{MANIFEST}", MAX_MANIFEST_BYTES)
    except ObjectNotFound:
        return None
    try:
        manifest = Manifest.model_validate_json(data)
        for file in manifest.files:
            checked(file.name)
    except (ValidationError, UnsafePath) as error:
        raise ManifestInvalid(f"{store.uri}{prefix}{MANIFEST} cannot be read: {error}") from error
    return manifest


def publish_folder(store: ObjectStore, folder: Path, kind: str, about: Mapping[str, Any], prefix: str = "") -> Manifest:
    """Uploads a local folder, its manifest last. Where a manifest stands already, that one is returned: the first stands."""
    standing = load_manifest(store, prefix)
    if standing is not None:
        return standing
    manifest = describe_folder(folder, kind, about)
    with ThreadPoolExecutor(PARALLEL_TRANSFERS) as pool:
        for upload in [pool.submit(store.upload, inside(folder, file.name), f"{prefix}{file.name}") for file in manifest.files]:
            upload.result()
    if store.put_if_absent(f"{prefix}{MANIFEST}", manifest.to_bytes()):
        return manifest
    first = load_manifest(store, prefix)
    if first is None:
        raise ManifestInvalid(f"{store.uri}{prefix}{MANIFEST} was there and is gone")
    return first


def download_verified(store: ObjectStore, folder: Path, prefix: str = "") -> Manifest:
    """Downloads every file of a manifest and checks size and sha256; raises ManifestInvalid."""
    manifest = load_manifest(store, prefix)
    if manifest is None:
        raise ManifestInvalid(f"{store.uri}{prefix} has no {MANIFEST}")
    with ThreadPoolExecutor(PARALLEL_TRANSFERS) as pool:
        for check in [pool.submit(_download_checked, store, prefix, file, folder) for file in manifest.files]:
            check.result()
    return manifest


def _download_checked(store: ObjectStore, prefix: str, file: ManifestFile, folder: Path) -> None:
    path = inside(folder, file.name)
    try:
        store.download(f"{prefix}{file.name}", path)
    except ObjectNotFound as error:
        raise ManifestInvalid(f"{store.uri}{prefix}{file.name} is in the manifest but was not found") from error
    if path.stat().st_size != file.size or sha256_of(path) != file.sha256:
        raise ManifestInvalid(f"{store.uri}{prefix}{file.name} is not the file that its manifest lists")
