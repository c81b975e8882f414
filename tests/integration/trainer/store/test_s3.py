"""The object store over HTTP, against a real S3 server: its behaviour, its faults, and what users are told of them."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from sft_trainer.contract import ExitCode, Reason, StorePrefix
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.manifest import download_verified, publish_folder
from sft_trainer.store.object_store import ObjectStore, ObjectTooLarge, open_store
from sft_trainer.store.s3 import S3Store
from tests.integration.trainer.store.s3_server import SECRET_KEY, CutLink, S3Server
from tests.object_store_behaviour import ObjectStoreBehaviour

pytestmark = pytest.mark.integration

LARGE_BYTES = 40 << 20
"""Above the 32 MiB from which objects go in parts."""
OUTAGE_SECONDS = 4.0


class TestS3(ObjectStoreBehaviour):
    @pytest.fixture
    def store(self, place: StorePrefix) -> ObjectStore:
        return open_store(place)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(random.Random(3).randbytes(LARGE_BYTES))  # noqa: S311 - any bytes, the same each time
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_large_file_travels_in_parts_both_ways(place: StorePrefix, large: Path, tmp_path: Path) -> None:
    store = open_store(place)
    store.upload(large, "adapter/large")
    assert store.download("adapter/large", tmp_path / "back") == digest(large)
    assert digest(tmp_path / "back") == digest(large)


def test_a_listing_longer_than_a_page_is_whole(place: StorePrefix, monkeypatch: pytest.MonkeyPatch) -> None:
    store = S3Store(place)
    keys = [f"k{number:03d}" for number in range(25)]
    for key in keys:
        store.put(key, b"")
    whole = store._client.list_objects_v2
    monkeypatch.setattr(store._client, "list_objects_v2", lambda **arguments: whole(MaxKeys=7, **arguments))
    assert [info.key for info in store.list()] == keys


def test_the_top_of_a_folder_is_listed_page_by_page_without_what_lies_below(
    place: StorePrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = S3Store(place)
    keys = [f"k{number:03d}" for number in range(12)]
    for key in keys:
        store.put(key, b"")
        store.put(f"{key}-below/a", b"")
    whole, pages = store._client.list_objects_v2, []

    def page(**arguments: Any) -> Any:
        pages.append(whole(**arguments | {"MaxKeys": 7}))
        return pages[-1]

    monkeypatch.setattr(store._client, "list_objects_v2", page)
    assert [info.key for info in store.list_top()] == keys
    assert len(pages) == 4


def test_an_object_too_large_to_read_leaves_no_connection_in_use(place: StorePrefix) -> None:
    store = S3Store(place)
    store.put("large", b"x" * 1_000_000)
    bodies: list[Any] = []
    store._client.meta.events.register("after-call.s3.GetObject", lambda parsed, **_: bodies.append(parsed["Body"]))
    with pytest.raises(ObjectTooLarge):
        store.read("large", max_bytes=10)
    assert bodies[0]._raw_stream.closed


def test_a_folder_marker_is_no_object(place: StorePrefix) -> None:
    store = S3Store(place)
    store.put("real", b"x")
    store._client.put_object(Bucket=place.uri.split("/")[2], Key="team/faq/", Body=b"")
    store._client.put_object(Bucket=place.uri.split("/")[2], Key="team/faq/sub/", Body=b"")
    assert [info.key for info in store.list()] == ["real"]


Call = Callable[[ObjectStore, Path], object]
CALLS: dict[str, Call] = {
    "list": lambda store, path: list(store.list()),
    "head": lambda store, path: store.head("large"),
    "read": lambda store, path: store.read("small", max_bytes=100),
    "download": lambda store, path: store.download("large", path / "back"),
    "upload": lambda store, path: store.upload(path / "large", "again"),
    "put": lambda store, path: store.put("new", b"x"),
    "put_if_absent": lambda store, path: store.put_if_absent("first", b"x"),
    "delete": lambda store, path: store.delete("small"),
}
LONG_OUTAGES = ("list", "download", "upload", "put_if_absent")
"""One call of each kind; all of them are tried again by the same code."""
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


@pytest.fixture
def filled(place: StorePrefix, large: Path) -> StorePrefix:
    store = open_store(place)
    store.upload(large, "large")
    store.put("small", b"small")
    return place


@pytest.mark.parametrize("call", [CALLS[name] for name in LONG_OUTAGES], ids=LONG_OUTAGES)
def test_an_outage_of_the_server_is_ridden_out(s3_server: S3Server, filled: StorePrefix, tmp_path: Path, call: Call) -> None:
    store = open_store(filled)
    s3_server.stop()
    back = Timer(OUTAGE_SECONDS, s3_server.start)
    back.start()
    begun = time.monotonic()
    call(store, tmp_path)
    assert time.monotonic() - begun >= OUTAGE_SECONDS - 1
    back.join()


@every_call
def test_an_outage_that_stays_is_told_with_its_endpoint(filled: StorePrefix, tmp_path: Path, call: Call) -> None:
    gone = filled.model_copy(update={"endpoint": "http://127.0.0.1:9"})
    with pytest.raises(TrainerFailure) as caught:
        call(S3Store(gone, retry_seconds=1), tmp_path)
    assert (caught.value.exit_code, caught.value.reason) == (ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE)
    assert "http://127.0.0.1:9" in caught.value.message


@pytest.fixture
def link(s3_server: S3Server) -> Iterator[CutLink]:
    link = CutLink(s3_server.port)
    yield link
    link.close()


@pytest.mark.parametrize("after", [10, 1 << 20, 20 << 20, LARGE_BYTES - 10], ids=lambda count: f"after {count} bytes")
@pytest.mark.parametrize("direction", ["upload", "download"])
def test_a_transfer_that_is_cut_is_made_whole(
    link: CutLink, filled: StorePrefix, large: Path, tmp_path: Path, after: int, direction: str
) -> None:
    store = open_store(filled.model_copy(update={"endpoint": link.endpoint}))
    link.cut_after(after)
    if direction == "upload":
        store.upload(large, "again")
        open_store(filled).download("again", tmp_path / "back")
    else:
        store.download("large", tmp_path / "back")
    assert link.cuts == 1
    assert digest(tmp_path / "back") == digest(large)
    assert not list(tmp_path.glob("back.*"))


@pytest.mark.parametrize("size", [20_000, 9 << 20], ids=["in one piece", "in two"])
def test_a_small_object_whose_answer_breaks_off_is_written_once(
    link: CutLink, place: StorePrefix, tmp_path: Path, size: int
) -> None:
    content = random.Random(5).randbytes(size)  # noqa: S311 - any bytes, the same each time
    open_store(place).put("small", content)
    store = open_store(place.model_copy(update={"endpoint": link.endpoint}))
    link.cut_after(size // 2 + 5_000)
    assert store.download("small", tmp_path / "back") == hashlib.sha256(content).hexdigest()
    assert link.cuts == 1
    assert (tmp_path / "back").read_bytes() == content


def test_an_empty_object_is_an_empty_file(place: StorePrefix, tmp_path: Path) -> None:
    store = open_store(place)
    store.put("empty", b"")
    assert store.download("empty", tmp_path / "back") == hashlib.sha256(b"").hexdigest()
    assert (tmp_path / "back").read_bytes() == b""


@pytest.mark.parametrize("after", [0, 100, 300], ids=lambda count: f"after {count} bytes")
def test_a_conditional_write_whose_answer_was_lost_still_counts_as_ours(link: CutLink, place: StorePrefix, after: int) -> None:
    store = open_store(place.model_copy(update={"endpoint": link.endpoint}))
    body = b"m" * 50_000
    link.cut_after(len(body) + after)
    assert store.put_if_absent("MANIFEST.json", body)
    assert link.cuts <= 1
    assert not store.put_if_absent("MANIFEST.json", b"other")


def test_a_folder_is_published_and_read_back_over_http(place: StorePrefix, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    (folder / "deep").mkdir(parents=True)
    for number in range(12):
        (folder / "deep" / f"{number}.txt").write_bytes(b"x" * number * 1000)
    published = publish_folder(open_store(place), folder, "Test", {"a": 1}, "v/")
    assert download_verified(open_store(place), tmp_path / "back", "v/") == published
    assert publish_folder(open_store(place), folder, "Test", {"b": 2}, "v/") == published


@pytest.fixture
def wrong_keys(tmp_path: Path) -> Path:
    folder = tmp_path / "wrong"
    folder.mkdir()
    (folder / "AWS_ACCESS_KEY_ID").write_text("nobody")
    (folder / "AWS_SECRET_ACCESS_KEY").write_text(SECRET_KEY)
    return folder


@every_call
def test_keys_that_nobody_knows_are_denied_at_once(filled: StorePrefix, wrong_keys: Path, tmp_path: Path, call: Call) -> None:
    begun = time.monotonic()
    with pytest.raises(TrainerFailure) as caught:
        call(open_store(filled.model_copy(update={"credentials_path": str(wrong_keys)})), tmp_path)
    assert time.monotonic() - begun < 5
    assert (caught.value.exit_code, caught.value.reason) == (ExitCode.STORE_DENIED, Reason.STORE_DENIED)
    assert filled.uri in caught.value.message
    assert SECRET_KEY not in caught.value.message + caught.value.remedy


@pytest.mark.parametrize("name", CALLS)
def test_a_missing_bucket_is_told_by_its_name(filled: StorePrefix, tmp_path: Path, name: str) -> None:
    elsewhere = filled.model_copy(update={"uri": "s3://no-such-bucket/team/"})
    with pytest.raises(TrainerFailure) as caught:
        CALLS[name](open_store(elsewhere), tmp_path)
    assert (caught.value.exit_code, caught.value.reason) == (ExitCode.INVALID, Reason.BUCKET_NOT_FOUND)
    assert "bucket 'no-such-bucket' was not found" in caught.value.message
