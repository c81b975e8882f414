"""The users' side of the object store: what a data team does with S3 tools of its own."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from demo.cluster import ObjectStoreAccess

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DIGEST = "sha256"
"""Key of an object's metadata."""


def s3_client(store: ObjectStoreAccess) -> S3Client:
    """A client for the cluster's S3 server."""
    return boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        aws_access_key_id=store.access_key,
        aws_secret_access_key=store.secret_key,
        region_name=store.region,
        config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard", "max_attempts": 5}),
    )


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` as (bucket, key)."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")


def ensure_bucket(client: S3Client, bucket: str) -> None:
    """Creates the bucket unless it is there."""
    if bucket not in {found["Name"] for found in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=bucket)


def upload(client: S3Client, path: Path, uri: str) -> None:
    """Uploads a file, unless an object with its very content stands there already."""
    bucket, key = split_uri(uri)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if _noted_digest(client, bucket, key) != digest:
        client.upload_file(str(path), bucket, key, ExtraArgs={"Metadata": {DIGEST: digest}})


def _noted_digest(client: S3Client, bucket: str, key: str) -> str | None:
    """What an earlier upload noted beside the object. Its ETag would do for small files only: of parts it is no MD5."""
    try:
        return client.head_object(Bucket=bucket, Key=key)["Metadata"].get(DIGEST)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
            return None
        raise


def list_objects(client: S3Client, uri: str) -> dict[str, int]:
    """Size by key of everything below a URI."""
    bucket, prefix = split_uri(uri)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}


def read(client: S3Client, uri: str) -> bytes:
    """One object's content."""
    bucket, key = split_uri(uri)
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()
