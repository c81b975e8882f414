"""A folder exists when its manifest does, and nothing is believed of it that was not checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sft_trainer.contract import StorePrefix
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.store.manifest import MANIFEST, ManifestInvalid, download_verified, load_manifest, publish_folder
from sft_trainer.store.object_store import ObjectStore, open_store

ABOUT = {"digest": "d"}


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store(StorePrefix(uri=f"file://{tmp_path}/store/"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"alpha")
    (folder / "deep" / "b.txt").write_bytes(b"beta")
    return folder


def test_a_published_folder_reads_back_whole(store: ObjectStore, folder: Path, tmp_path: Path) -> None:
    published = publish_folder(store, folder, "Test", ABOUT, prefix="v/")
    read = download_verified(store, tmp_path / "back", prefix="v/")
    assert read == published
    assert read.about == ABOUT
    assert (tmp_path / "back" / "deep" / "b.txt").read_bytes() == b"beta"


def test_the_manifest_lists_every_file_with_size_and_digest(store: ObjectStore, folder: Path) -> None:
    manifest = publish_folder(store, folder, "Test", ABOUT)
    assert [(file.name, file.size, file.sha256) for file in manifest.files] == [
        ("a.txt", 5, hashlib.sha256(b"alpha").hexdigest()),
        ("deep/b.txt", 4, hashlib.sha256(b"beta").hexdigest()),
    ]
    assert manifest.digest() == hashlib.sha256(store.read(MANIFEST, max_bytes=10_000)).hexdigest()


def test_the_manifest_is_written_after_every_file(folder: Path, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, key: str) -> None:
        raise ConnectionError(key)

    monkeypatch.setattr(store, "upload", refuse)
    with pytest.raises(ConnectionError):
        publish_folder(store, folder, "Test", ABOUT)
    assert load_manifest(store) is None


def test_there_is_no_folder_without_a_manifest(store: ObjectStore, tmp_path: Path) -> None:
    store.put("v/a.txt", b"alpha")
    assert load_manifest(store, "v/") is None
    with pytest.raises(ManifestInvalid, match=r"has no MANIFEST\.json"):
        download_verified(store, tmp_path / "back", "v/")


def test_the_first_manifest_stands(store: ObjectStore, folder: Path, tmp_path: Path) -> None:
    first = publish_folder(store, folder, "Test", {"writer": "first"})
    second = publish_folder(store, folder, "Test", {"writer": "second"})
    assert second == first
    assert download_verified(store, tmp_path / "back").about == {"writer": "first"}


@pytest.mark.parametrize("damage", ["deleted", "cut short", "other bytes of the same size"])
class TestDamage:
    def _damage(self, store: ObjectStore, damage: str) -> None:
        match damage:
            case "deleted":
                store.delete("a.txt")
            case "cut short":
                store.put("a.txt", b"al")
            case _:
                store.put("a.txt", b"ALPHA")

    def test_is_seen_when_reading(self, store: ObjectStore, folder: Path, tmp_path: Path, damage: str) -> None:
        publish_folder(store, folder, "Test", ABOUT)
        self._damage(store, damage)
        with pytest.raises(ManifestInvalid, match=r"a\.txt"):
            download_verified(store, tmp_path / "back")

    def test_is_mended_by_publishing_the_same_files_again(
        self, store: ObjectStore, folder: Path, tmp_path: Path, damage: str
    ) -> None:
        first = publish_folder(store, folder, "Test", ABOUT)
        self._damage(store, damage)
        assert publish_folder(store, folder, "Test", ABOUT) == first
        assert download_verified(store, tmp_path / "back") == first

    def test_is_told_when_other_files_are_published(self, store: ObjectStore, folder: Path, damage: str) -> None:
        publish_folder(store, folder, "Test", ABOUT)
        self._damage(store, damage)
        (folder / "a.txt").write_bytes(b"another text")
        with pytest.raises(ManifestInvalid, match=r"a\.txt"):
            publish_folder(store, folder, "Test", ABOUT)


class Overtaken(LocalFolder):
    """A store on which another writer does all of its work just before one call of ours."""

    def __init__(self, folder: Path, call: str, other: Callable[[], object]) -> None:
        super().__init__(folder)
        self._call, self._other = call, other

    def _meet(self, call: str) -> None:
        if call == self._call:
            self._call = ""
            self._other()

    def upload(self, path: Path, key: str) -> None:
        self._meet("upload")
        super().upload(path, key)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self._meet("put_if_absent")
        return super().put_if_absent(key, data)


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")], ids="-".join)
@pytest.mark.parametrize("call", ["upload", "put_if_absent"])
def test_of_two_writers_of_different_files_the_first_manifest_stays_whole(
    tmp_path: Path, call: str, order: tuple[str, str]
) -> None:
    """The slow one found no manifest, and goes on to upload after the quick one was done."""
    quick, slow = order
    for name in order:
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text(f"weights of {name}")
        (tmp_path / name / "tokenizer").write_text("the same for both")
    root = tmp_path / "store"
    made = []

    def publish_quick() -> None:
        made.append(publish_folder(LocalFolder(root), tmp_path / quick, "Test", {"writer": quick}, "artifact/", is_fenced=True))

    overtaken = Overtaken(root, call, publish_quick)
    told = publish_folder(overtaken, tmp_path / slow, "Test", {"writer": slow}, "artifact/", is_fenced=True)
    assert told == made[0]
    read = download_verified(LocalFolder(root), tmp_path / "back", "artifact/")
    assert read == made[0]
    assert (tmp_path / "back" / read.fence / "weights").read_text() == f"weights of {quick}"
    assert {path.name for path in (tmp_path / "back" / read.fence).iterdir()} == {"weights", "tokenizer"}


def test_a_damaged_file_behind_a_fence_is_mended_by_publishing_the_same_files_again(
    store: ObjectStore, folder: Path, tmp_path: Path
) -> None:
    first = publish_folder(store, folder, "Test", ABOUT, is_fenced=True)
    store.put(f"{first.fence}deep/b.txt", b"BETA")
    assert publish_folder(store, folder, "Test", ABOUT, is_fenced=True) == first
    assert download_verified(store, tmp_path / "back") == first


def test_files_beside_their_manifest_have_no_fence(store: ObjectStore, folder: Path) -> None:
    assert publish_folder(store, folder, "Test", ABOUT).fence == ""


def _entry(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "sha256": hashlib.sha256(b"").hexdigest()}


def _manifest(*names: str, **changes: object) -> bytes:
    content = {"version": 1, "kind": "Test", "about": {}, "files": [_entry(name) for name in names]}
    return json.dumps(content | changes).encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\x00", id="no JSON"),
        pytest.param(b"[]", id="a list"),
        pytest.param(_manifest("../../etc/cron.d/x"), id="a name that leaves the folder"),
        pytest.param(_manifest("/etc/passwd"), id="an absolute name"),
        pytest.param(_manifest("a\\..\\b"), id="backslashes"),
        pytest.param(_manifest("a\0b"), id="a NUL"),
        pytest.param(_manifest("x" * 300), id="a name that no file can have"),
        pytest.param(_manifest("a", "a"), id="a name twice"),
        pytest.param(_manifest("a", "a/b"), id="a file that is also a folder"),
        pytest.param(_manifest("MANIFEST.json"), id="itself"),
        pytest.param(_manifest(version=2), id="a version not known"),
        pytest.param(_manifest(extra="field"), id="a field not known"),
        pytest.param(_manifest(files=[_entry("a") | {"sha256": "short"}]), id="a digest that is none"),
        pytest.param(_manifest(files=[_entry("a") | {"size": -1}]), id="a negative size"),
        pytest.param(b"[" * 100_000, id="deep nesting"),
    ],
)
def test_a_hostile_manifest_is_refused_and_nothing_is_written(store: ObjectStore, tmp_path: Path, content: bytes) -> None:
    store.put(MANIFEST, content)
    with pytest.raises(ManifestInvalid, match=r"MANIFEST\.json cannot be read"):
        download_verified(store, tmp_path / "back")
    assert not (tmp_path / "back").exists()
