"""MANIFEST.json makes a folder exist. It lists every file with size and sha256, is written last, and the first one stands."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sft_trainer.store.object_store import ObjectNotFound, ObjectStore, ObjectTooLarge
from sft_trainer.store.paths import UnsafePath, checked, inside

MANIFEST = "MANIFEST.json"
MAX_MANIFEST_BYTES = 16 << 20
"""Room for some 100,000 files; more is not a manifest of ours."""
FENCE_DIGITS = 12
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

    version: Literal[1] = 1
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

    @property
    def fence(self) -> str:
        """The folder below the manifest in which fenced files lie, with a slash at its end; empty where they lie beside it."""
        folder, slash, _ = self.files[0].name.partition("/") if self.files else ("", "", "")
        return f"{folder}/" if slash and all(file.name.startswith(f"{folder}/") for file in self.files) else ""


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
    except ObjectTooLarge as error:
        raise ManifestInvalid(str(error)) from error
    try:
        manifest = Manifest.model_validate_json(data)
        _check_names([file.name for file in manifest.files])
    except (ValidationError, UnsafePath, ValueError) as error:
        raise ManifestInvalid(f"{store.uri}{prefix}{MANIFEST} cannot be read: {str(error)[:500]}") from error
    return manifest


def _check_names(names: list[str]) -> None:
    """Every file can lie in one folder beside the others, and nowhere else."""
    folders = {parent.as_posix() for name in names for parent in PurePosixPath(checked(name)).parents}
    if len(set(names)) < len(names) or not folders.isdisjoint(names) or MANIFEST in names:
        raise ValueError("a name stands there twice, or as file and as folder")


def publish_folder(
    store: ObjectStore, folder: Path, kind: str, about: Mapping[str, Any], prefix: str = "", *, is_fenced: bool = False
) -> Manifest:
    """Uploads a local folder, its manifest last. Where a manifest stands already, the first stands, and is made whole again
    from the same files if it no longer holds; raises ManifestInvalid when that cannot be done.

    Where writers of different files may meet at one prefix, and the prefix does not tell them apart, the files are fenced: they
    lie in a folder beside the manifest that is named by their digest, and no writer touches what another one's manifest lists.
    """
    plain = describe_folder(folder, kind, about)
    fence = f"{_digest_of(plain.files)[:FENCE_DIGITS]}/" if is_fenced else ""
    manifest = plain.model_copy(
        update={"files": [file.model_copy(update={"name": f"{fence}{file.name}"}) for file in plain.files]}
    )
    if load_manifest(store, prefix) is None:
        _in_parallel(lambda file: store.upload(inside(folder, file.name), f"{prefix}{fence}{file.name}"), plain.files)
        if store.put_if_absent(f"{prefix}{MANIFEST}", manifest.to_bytes()):
            return manifest
    first = load_manifest(store, prefix)
    if first is None:
        raise ManifestInvalid(f"{store.uri}{prefix}{MANIFEST} was there and is gone")
    ours = {file.sha256: inside(folder, file.name) for file in plain.files}
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        _in_parallel(_make_whole(store, prefix, ours, Path(scratch)), first.files)
    return first


def _digest_of(files: Sequence[ManifestFile]) -> str:
    """sha256 over the sorted names and digests of files."""
    lines = sorted(f"{file.name} {file.sha256}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _make_whole(store: ObjectStore, prefix: str, ours: Mapping[str, Path], scratch: Path) -> Callable[[ManifestFile], None]:
    """Checks a file of a manifest that stands; a file of ours (by sha256) with its bytes replaces one that does not hold."""

    def check(file: ManifestFile) -> None:
        try:
            _download_checked(store, prefix, file, scratch)
        except ManifestInvalid:
            if file.sha256 not in ours:
                raise
            store.upload(ours[file.sha256], f"{prefix}{file.name}")

    return check


def download_verified(store: ObjectStore, folder: Path, prefix: str = "") -> Manifest:
    """Downloads every file of a manifest and checks size and sha256; raises ManifestInvalid."""
    manifest = load_manifest(store, prefix)
    if manifest is None:
        raise ManifestInvalid(f"{store.uri}{prefix} has no {MANIFEST}")
    _in_parallel(lambda file: _download_checked(store, prefix, file, folder), manifest.files)
    return manifest


def _in_parallel(action: Callable[[ManifestFile], None], files: Sequence[ManifestFile]) -> None:
    """Runs an action on every file; the first failure ends it."""
    with ThreadPoolExecutor(PARALLEL_TRANSFERS) as pool:
        running = [pool.submit(action, file) for file in files]
        try:
            for each in running:
                each.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _download_checked(store: ObjectStore, prefix: str, file: ManifestFile, folder: Path) -> None:
    path = inside(folder, file.name)
    try:
        digest = store.download(f"{prefix}{file.name}", path)
    except ObjectNotFound as error:
        raise ManifestInvalid(f"{store.uri}{prefix}{file.name} is in the manifest but was not found") from error
    if path.stat().st_size != file.size or digest != file.sha256:
        raise ManifestInvalid(f"{store.uri}{prefix}{file.name} is not the file that its manifest lists")
