"""What the demo uploads is what lies in its folder now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.bucket import ensure_bucket, read, s3_client, upload
from demo.cluster import ObjectStoreAccess
from tests.integration.trainer.store.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.integration
URI = "s3://demo-files/data/faq.jsonl"


@pytest.fixture
def client(s3_server: S3Server) -> Iterator[S3Client]:
    access = ObjectStoreAccess(
        endpoint=f"http://127.0.0.1:{s3_server.port}", region="us-east-1", access_key=ACCESS_KEY, secret_key=SECRET_KEY
    )
    client = s3_client(access)
    ensure_bucket(client, "demo-files")
    yield client
    client.delete_object(Bucket="demo-files", Key="data/faq.jsonl")


def test_a_file_that_was_edited_without_growing_is_uploaded_again(client: S3Client, tmp_path: Path) -> None:
    file = tmp_path / "faq.jsonl"
    for content in ("the pump is red", "the pump is wet"):
        file.write_text(content)
        upload(client, file, URI)
        assert read(client, URI) == content.encode()


@pytest.mark.parametrize("size", [100, 10 << 20], ids=["in one piece", "in parts"])
def test_a_file_that_is_there_already_is_not_sent_again(client: S3Client, tmp_path: Path, size: int) -> None:
    file = tmp_path / "faq.jsonl"
    file.write_bytes(b"x" * size)
    upload(client, file, URI)
    sent: list[str] = []
    client.meta.events.register("before-call.s3", lambda model, **_: sent.append(model.name))
    upload(client, file, URI)
    assert sent == ["HeadObject"]


def test_an_object_that_someone_else_put_there_is_replaced(client: S3Client, tmp_path: Path) -> None:
    file = tmp_path / "faq.jsonl"
    file.write_text("ours")
    client.put_object(Bucket="demo-files", Key="data/faq.jsonl", Body=b"them")
    upload(client, file, URI)
    assert read(client, URI) == b"ours"
