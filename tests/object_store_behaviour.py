"""What every object store must do; each kind of store subclasses this and gives the fixture `store`, empty and of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sft_trainer.store.object_store import ObjectInfo, ObjectNotFound, ObjectStore, ObjectTooLarge
from sft_trainer.store.paths import UnsafePath


class ObjectStoreBehaviour:
    """Tests, run once for each kind of store."""

    def test_an_object_reads_back_as_it_was_written(self, store: ObjectStore) -> None:
        store.put("folder/a.txt", b"content")
        assert store.read("folder/a.txt", max_bytes=100) == b"content"
        assert store.head("folder/a.txt") == ObjectInfo("folder/a.txt", 7)

    def test_writing_again_replaces_the_object(self, store: ObjectStore) -> None:
        store.put("a", b"one")
        store.put("a", b"three")
        assert store.read("a", max_bytes=100) == b"three"

    def test_a_missing_object_has_no_head_and_cannot_be_read(self, store: ObjectStore, tmp_path: Path) -> None:
        assert store.head("missing") is None
        with pytest.raises(ObjectNotFound, match="missing was not found"):
            store.read("missing", max_bytes=1)
        with pytest.raises(ObjectNotFound):
            store.download("missing", tmp_path / "missing")
        assert not list(tmp_path.glob("missing*"))

    def test_an_object_above_the_limit_is_not_read(self, store: ObjectStore) -> None:
        store.put("large", b"12345")
        assert store.read("large", max_bytes=5) == b"12345"
        with pytest.raises(ObjectTooLarge, match="5 bytes, more than 4"):
            store.read("large", max_bytes=4)

    def test_a_listing_is_sorted_and_relative_to_the_store(self, store: ObjectStore) -> None:
        for key in ("b", "a/2", "a/10", "ab"):
            store.put(key, b"")
        assert [info.key for info in store.list()] == ["a/10", "a/2", "ab", "b"]
        assert [info.key for info in store.list("a/")] == ["a/10", "a/2"]
        assert list(store.list("none/")) == []

    def test_the_top_of_a_store_leaves_out_what_lies_in_folders(self, store: ObjectStore) -> None:
        for key in ("b", "a/2", "a/deep/3", "c", "ab"):
            store.put(key, b"1")
        assert list(store.list_top()) == [ObjectInfo("ab", 1), ObjectInfo("b", 1), ObjectInfo("c", 1)]

    def test_keys_may_hold_any_ordinary_character(self, store: ObjectStore) -> None:
        names = ["a b", "#1?x=y&z", "100%", "zählung-中文", "+"]
        for name in names:
            store.put(f"f/{name}", name.encode())
        assert sorted(info.key for info in store.list("f/")) == sorted(f"f/{name}" for name in names)
        for name in names:
            assert store.read(f"f/{name}", max_bytes=100) == name.encode()

    @pytest.mark.parametrize("key", ["../a", "a/../../b", "/a", "a//b", "a\\b", "a\0b", "", "a/"])
    def test_no_key_leaves_the_store(self, store: ObjectStore, key: str, tmp_path: Path) -> None:
        with pytest.raises(UnsafePath):
            store.put(key, b"")
        with pytest.raises(UnsafePath):
            store.download(key, tmp_path / "file")

    def test_the_first_conditional_write_stands(self, store: ObjectStore) -> None:
        assert store.put_if_absent("m", b"first")
        assert not store.put_if_absent("m", b"second")
        assert store.read("m", max_bytes=100) == b"first"

    def test_a_repeated_conditional_write_of_the_same_bytes_counts_as_done(self, store: ObjectStore) -> None:
        assert store.put_if_absent("m", b"first")
        assert store.put_if_absent("m", b"first"), "the reply to the first write may have been lost"

    def test_files_travel_both_ways(self, store: ObjectStore, tmp_path: Path) -> None:
        (tmp_path / "up").write_bytes(b"x" * 100_000)
        store.upload(tmp_path / "up", "folder/file")
        digest = store.download("folder/file", tmp_path / "deep" / "down")
        assert (tmp_path / "deep" / "down").read_bytes() == b"x" * 100_000
        assert digest == hashlib.sha256(b"x" * 100_000).hexdigest()
        assert [path.name for path in (tmp_path / "deep").iterdir()] == ["down"]

    def test_deleting_is_final_and_may_be_repeated(self, store: ObjectStore) -> None:
        store.put("a", b"")
        store.delete("a")
        store.delete("a")
        assert store.head("a") is None
