"""A folder on a disk as an object store."""

from __future__ import annotations

from pathlib import Path

import pytest

from sft_trainer.contract import StorePrefix
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
