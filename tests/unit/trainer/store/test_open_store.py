"""Which store a URI opens, and where its root lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from sft_trainer.contract import Reason, StorePrefix
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.object_store import below, open_object, open_store

ENDPOINT = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("uri", "root"),
    [
        pytest.param("s3://bucket", "s3://bucket/", id="a bucket"),
        pytest.param("s3://bucket/", "s3://bucket/", id="a bucket with a slash"),
        pytest.param("s3://bucket/a/b", "s3://bucket/a/b/", id="a folder without a slash"),
        pytest.param("s3://bucket/a/b/", "s3://bucket/a/b/", id="a folder"),
        pytest.param("s3://bucket/a#b/c?d/", "s3://bucket/a#b/c?d/", id="characters that mean something in a URL"),
    ],
)
def test_the_root_is_the_folder_that_the_uri_names(uri: str, root: str) -> None:
    assert open_store(StorePrefix(uri=uri, endpoint=ENDPOINT)).uri == root


@pytest.mark.parametrize(
    ("uri", "root", "key"),
    [
        pytest.param("s3://bucket/a/b.jsonl", "s3://bucket/a/", "b.jsonl", id="an object in a folder"),
        pytest.param("s3://bucket/b.jsonl", "s3://bucket/", "b.jsonl", id="an object in the bucket"),
        pytest.param("s3://bucket/a/b/", "s3://bucket/a/b/", "", id="a folder"),
        pytest.param("s3://bucket", "s3://bucket/", "", id="a bucket"),
        pytest.param("s3://bucket/a#1/b?.gguf", "s3://bucket/a#1/", "b?.gguf", id="characters that mean something in a URL"),
    ],
)
def test_a_uri_without_a_slash_at_its_end_names_one_object(uri: str, root: str, key: str) -> None:
    store, found = open_object(StorePrefix(uri=uri, endpoint=ENDPOINT))
    assert (store.uri, found) == (root, key)


@pytest.mark.parametrize("uri", ["http://host/a", "bucket/key", "file://relative/a", ""])
def test_other_uris_are_refused_by_name(uri: str) -> None:
    with pytest.raises(TrainerFailure) as caught:
        open_store(StorePrefix(uri=uri))
    assert caught.value.reason is Reason.INVALID_CONFIG
    assert f"'{uri}'" in caught.value.message


@pytest.mark.parametrize("uri", ["s3://bucket/a//b/", "s3://bucket/a/../b/"])
def test_a_folder_with_hidden_steps_is_refused(uri: str) -> None:
    with pytest.raises(TrainerFailure) as caught:
        open_store(StorePrefix(uri=uri, endpoint=ENDPOINT))
    assert caught.value.reason is Reason.INVALID_CONFIG


def test_an_endpoint_that_is_no_url_is_refused_by_name() -> None:
    with pytest.raises(TrainerFailure) as caught:
        open_store(StorePrefix(uri="s3://bucket/a/", endpoint="not a url"))
    assert caught.value.reason is Reason.INVALID_CONFIG
    assert "'not a url'" in caught.value.message


def test_a_folder_below_keeps_the_way_it_is_reached() -> None:
    prefix = StorePrefix(uri="s3://bucket/a/", endpoint=ENDPOINT, region="r", credentials_path="/c")
    assert below(prefix, "b", "c") == prefix.model_copy(update={"uri": "s3://bucket/a/b/c/"})


class TestCredentials:
    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        folder = tmp_path / "s3-keys"
        folder.mkdir()
        (folder / "AWS_ACCESS_KEY_ID").write_text("AKIAEXAMPLE\n")
        (folder / "AWS_SECRET_ACCESS_KEY").write_text("the-secret-of-the-test")
        return folder

    def _open(self, secret: Path) -> None:
        open_store(StorePrefix(uri="s3://bucket/a/", endpoint=ENDPOINT, credentials_path=str(secret)))

    def test_a_complete_secret_is_taken(self, secret: Path) -> None:
        self._open(secret)

    @pytest.mark.parametrize("key", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
    def test_a_missing_key_is_named_with_its_secret(self, secret: Path, key: str) -> None:
        (secret / key).unlink()
        with pytest.raises(TrainerFailure) as caught:
            self._open(secret)
        assert caught.value.reason is Reason.CREDENTIALS_INCOMPLETE
        assert caught.value.message == f"the Secret 's3-keys' has no key {key}"

    @pytest.mark.parametrize("value", [b"", b" \n", b"two words", b"line\nbreak", b"\xff\xfe", "schlüssel".encode()], ids=repr)
    def test_a_value_that_no_header_can_carry_is_refused_and_never_shown(self, secret: Path, value: bytes) -> None:
        (secret / "AWS_SECRET_ACCESS_KEY").write_bytes(value)
        with pytest.raises(TrainerFailure) as caught:
            self._open(secret)
        assert caught.value.reason is Reason.CREDENTIALS_INCOMPLETE
        assert "AWS_SECRET_ACCESS_KEY" in caught.value.message
        assert not value.strip() or repr(value.strip())[2:-1] not in caught.value.message
