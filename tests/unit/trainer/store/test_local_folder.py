"""A folder on a disk as an object store."""

from __future__ import annotations

from pathlib import Path

import pytest

from sft_trainer.contract import StorePrefix
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.store.object_store import ObjectStore, open_store
from tests.object_store_behaviour import ObjectStoreBehaviour


class TestLocalFolder(ObjectStoreBehaviour):
    @pytest.fixture
    def store(self, tmp_path: Path) -> ObjectStore:
        return open_store(StorePrefix(uri=f"file://{tmp_path}/the store #1/"))


def test_unfinished_files_are_no_objects(tmp_path: Path) -> None:
    store = open_store(StorePrefix(uri=f"file://{tmp_path}/"))
    store.put("done", b"")
    (tmp_path / "half.123.part").write_bytes(b"")
    assert [info.key for info in store.list()] == ["done"]


def test_a_link_out_of_a_folder_is_told_where_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret").write_text("x")
    (folder / "a").write_text("a")
    (folder / "b").symlink_to("a")
    assert [found.key for found in LocalFolder(folder, follows_links=False).list()] == ["a", "b"]
    for target in ("../secret", ".."):
        (folder / "c").symlink_to(target)
        with pytest.raises(TrainerFailure, match="is a link to a place outside"):
            list(LocalFolder(folder, follows_links=False).list())
        assert "a" in [found.key for found in LocalFolder(folder).list()]
        (folder / "c").unlink()
