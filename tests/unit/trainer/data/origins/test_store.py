"""Objects of a store, mounted and inline rows: the right files, in order, within limits."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sft_trainer.contract import Reason
from sft_trainer.contract.source import MountedSource, Source, StoreSource
from sft_trainer.data.origins import s3
from sft_trainer.data.origins.fetch import fetch, found_files, identities
from sft_trainer.data.origins.glob import fixed_folder, matches
from sft_trainer.data.origins.s3 import StoreOrigin
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.store.object_store import ObjectInfo


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    for key in ("b.jsonl", "a/z.jsonl", "a/10.jsonl", "notes.txt", "a/9.csv.gz"):
        (tmp_path / "bucket" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bucket" / key).write_text(key)
    return tmp_path / "bucket"


def read(scratch: Path, uri: str, **settings: Any) -> list[str]:
    source = Source(name="s", store=StoreSource(uri=uri, **settings))
    return [f"{file.key}={file.path.read_text()}" for file in fetch(source, scratch)]


@pytest.mark.parametrize(
    ("files", "keys"),
    [
        (None, ["a/10.jsonl", "a/9.csv.gz", "a/z.jsonl", "b.jsonl"]),
        ("*.jsonl", ["b.jsonl"]),
        ("**/*.jsonl", ["a/10.jsonl", "a/z.jsonl", "b.jsonl"]),
        ("a/*", ["a/10.jsonl", "a/9.csv.gz", "a/z.jsonl"]),
        ("a/?.csv.gz", ["a/9.csv.gz"]),
        ("notes.txt", ["notes.txt"]),
    ],
)
def test_a_pattern_names_files_in_the_order_of_their_keys(
    bucket: Path, tmp_path: Path, files: str | None, keys: list[str]
) -> None:
    assert read(tmp_path, f"file://{bucket}/", files=files) == [f"{key}={key}" for key in keys]


@pytest.mark.parametrize(
    ("settings", "told"), [({"max_objects": 3}, "maxObjects"), ({"max_bytes": 20}, "maxBytes"), ({"files": "x*"}, "matches 'x")]
)
def test_a_folder_outside_the_limits_is_refused(bucket: Path, tmp_path: Path, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(TrainerFailure, match=told) as caught:
        read(tmp_path, f"file://{bucket}/", **settings)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("key", "told"), [("c.jsonl", r"c\.jsonl was not found; there is b\.jsonl"), ("none/", "nothing is there")]
)
def test_what_is_missing_is_told_with_what_is_there(bucket: Path, tmp_path: Path, key: str, told: str) -> None:
    with pytest.raises(TrainerFailure, match=told) as caught:
        read(tmp_path, f"file://{bucket}/{key}")
    assert caught.value.reason is Reason.SOURCE_NOT_FOUND


def test_an_empty_file_alone_is_told(bucket: Path, tmp_path: Path) -> None:
    (bucket / "b.jsonl").write_text("")
    with pytest.raises(TrainerFailure, match=r"is empty \(b\.jsonl: 0 bytes\)") as caught:
        read(tmp_path, f"file://{bucket}/b.jsonl")
    assert caught.value.reason is Reason.SOURCE_EMPTY


class Endless(LocalFolder):
    """A store whose listing never ends."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder)
        self._name = name

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return (ObjectInfo(f"{number:09d}{self._name}", 0, "e") for number in itertools.count())


@pytest.mark.parametrize(
    ("name", "told"), [(".jsonl", "maxObjects"), (".txt", "too few are wanted"), ("/../x.jsonl", "ordinary")]
)
def test_an_endless_or_hostile_listing_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str) -> None:
    monkeypatch.setattr(s3, "MAX_LISTED", 20_000)
    with pytest.raises(TrainerFailure, match=told):
        found_files(StoreOrigin(StoreSource(uri="s3://bucket/"), Endless(tmp_path, name)))


@pytest.mark.parametrize(
    ("pattern", "key", "is_named"),
    [
        ("**", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("a/**/c", "b/a/c", False),
        ("*", "a/b", False),
        ("a", "a/b", False),
        ("a/b", "a", False),
        ("[ab]?", "b1", True),
        ("**/**/**/**/**/**/**/**/z", "/".join("a" * 500), False),
        ("a*a*a*a*a*a*a*a*a*a*b", "a" * 1000, False),
    ],
)
def test_a_pattern_names_a_key_or_not(pattern: str, key: str, is_named: bool) -> None:
    assert matches(pattern, key) is is_named


def test_only_the_folder_that_a_pattern_is_about_is_listed() -> None:
    assert [fixed_folder(pattern) for pattern in ("a/b/*.x", "a*/b", "**", "a/b")] == ["a/b/", "", "", "a/"]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(TrainerFailure, match="disk is full") as caught:
        list(fetch(Source(name="s", inline="x"), tmp_path))
    assert caught.value.reason is Reason.STORE_FULL


def test_a_mounted_config_map_gives_its_keys(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    (mount / "..2026").mkdir(parents=True)
    (mount / "..2026" / "faq.jsonl").write_text("rows")
    (mount / "..data").symlink_to("..2026")
    (mount / "faq.jsonl").symlink_to("..data/faq.jsonl")
    source = Source(name="s", mounted=MountedSource(path=str(mount)))
    assert [(file.key, file.path.read_text()) for file in fetch(source, tmp_path)] == [("faq.jsonl", "rows")]


def test_a_link_out_of_a_mounted_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "mount" / "a.jsonl").symlink_to("../secret")
    with pytest.raises(TrainerFailure, match="outside"):
        list(fetch(Source(name="s", mounted=MountedSource(path=str(tmp_path / "mount"))), tmp_path))


def test_inline_rows_are_a_file_known_by_their_checksum(tmp_path: Path) -> None:
    source = Source(name="s", inline="中\n")
    assert [(file.key, file.path.read_text(), file.identity[:7]) for file in fetch(source, tmp_path)] == [
        ("inline", "中\n", "sha256:")
    ]
    assert set(identities(source).values()) == {""}


@pytest.mark.parametrize("places", [{}, {"inline": "x", "catalog": {"name": "belle-1m"}}], ids=["none", "two"])
def test_a_source_has_exactly_one_place(places: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Source.model_validate({"name": "s"} | places)


class Busy(LocalFolder):
    """A store with etags, in which an object is written to while it is read, a number of times."""

    def __init__(self, folder: Path, writes: int) -> None:
        super().__init__(folder)
        self._writes = writes
        self.version = 0

    def head(self, key: str) -> ObjectInfo | None:
        found = super().head(key)
        return ObjectInfo(key, found.size, f"v{self.version}") if found else None

    def download(self, key: str, path: Path) -> str:
        digest = super().download(key, path)
        if self.version < self._writes:
            self.version += 1
            (self._folder / key).write_text(f"version {self.version}")
        return digest


def download(folder: Path, writes: int) -> tuple[str, str]:
    """(identity, content) of an object."""
    (folder / "a.jsonl").write_text("version 0")
    origin = StoreOrigin(StoreSource(uri="s3://bucket/a.jsonl"), Busy(folder, writes), "a.jsonl")
    [found] = origin.files()
    identity = origin.download(found, folder / "copy", 100)
    return identity, (folder / "copy").read_text()


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_the_identity_is_that_of_the_object_that_was_downloaded(tmp_path: Path, writes: int) -> None:
    assert download(tmp_path, writes) == (f"etag:v{writes}", f"version {writes}")


def test_an_object_that_never_rests_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainerFailure, match="again and again") as caught:
        download(tmp_path, 9)
    assert caught.value.reason is Reason.STORE_UNAVAILABLE


@pytest.mark.parametrize(
    "name", ["a.ndjson", "a.jsonl.bz2", "a.json.xz", "a.jsonl.zstd", "a.csv.gzip", "a.arrow", "A.JSONL", "a.parquet"]
)
def test_every_container_that_is_read_is_read_from_a_folder_too(tmp_path: Path, name: str) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / name).write_text("x")
    assert read(tmp_path, f"file://{tmp_path}/bucket/") == [f"{name}=x"]
