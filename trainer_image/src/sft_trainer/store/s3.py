"""S3 through boto3: threads for large objects, time-outs everywhere, and an outage of minutes ridden out."""

from __future__ import annotations

import contextlib
import functools
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

import boto3
from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sft_trainer.contract import CREDENTIAL_KEYS, OPTIONAL_CREDENTIAL_KEYS, Reason, StorePrefix
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.store.guarded_endpoint import guard, refusal
from sft_trainer.store.hashing_writer import HashingWriter
from sft_trainer.store.object_store import ObjectInfo, ObjectNotFound, ObjectTooLarge
from sft_trainer.store.paths import checked
from sft_trainer.store.s3_errors import is_missing_object, is_precondition_failed, is_transient, says_only_not_found, translate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef

T = TypeVar("T")

RETRY_SECONDS = 300.0
"""How long one call is tried again: a rolling restart of an S3 server or a network fault takes a minute or two, not more."""
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 15.0
JITTER = random.Random()  # noqa: S311 - so that many pods do not come back at once
"""Of its own: `random` itself is the training's, whose state goes into checkpoints, while uploads are made beside it."""
READ_TIMEOUT_SECONDS = 60.0
"""A server that says nothing for so long is taken for gone; completing an upload of many parts may take it half of that."""
MAX_EMPTY_PAGES = 1_000
"""Pages in a row without an object: a million marks of folders or of what was deleted take minutes."""
PARALLEL_CONNECTIONS = 40
"""Four files at once (store/manifest.py), each sent in up to ten parts (boto3's own choice)."""
# The CRT client ignores endpoint_url (seen with boto3 1.44); the classic one is as fast on one network card.
UPLOAD = TransferConfig(preferred_transfer_client="classic", multipart_threshold=32 << 20, multipart_chunksize=16 << 20)
# Whatever its size an object comes by ranges: what comes in one piece s3transfer writes again from the start, after what it has
# written already, when the answer breaks off.
DOWNLOAD = TransferConfig(
    preferred_transfer_client="classic", multipart_threshold=1, multipart_chunksize=8 << 20, max_concurrency=4
)
"""Parts arrive in any order and are held until it is their turn to be hashed: at most so many, which is 32 MiB a file."""
DOWNLOAD.max_in_memory_download_chunks = 4


def read_credentials(folder: str | None) -> dict[str, str]:
    """boto3's arguments from the files of a mounted Secret; none without a folder: the pod's identity then serves."""
    if folder is None:
        return {}
    found = {}
    for key in (*CREDENTIAL_KEYS, *OPTIONAL_CREDENTIAL_KEYS):
        file = Path(folder) / key
        if file.exists():
            found[key.lower()] = _read_credential(file)
        elif key in CREDENTIAL_KEYS:
            raise _incomplete(file, f"has no key {key}")
    return found


def _read_credential(file: Path) -> str:
    value = file.read_bytes().strip()
    if not value or any(not 32 < byte < 127 for byte in value):  # in a header such a value would end up in an error's text
        raise _incomplete(file, f"holds under {file.name} something that is no key: it must be printable ASCII without spaces")
    return value.decode()


def _incomplete(file: Path, what: str) -> TrainerFailure:
    remedy = f"give the Secret {' and '.join(CREDENTIAL_KEYS)}, then raise spec.run"
    return invalid(Reason.CREDENTIALS_INCOMPLETE, f"the Secret '{file.parent.name}' {what}", remedy)


def make_client(prefix: StorePrefix) -> S3Client:
    """A client for an endpoint; botocore retries at once, S3Store for longer. One that is guarded goes round any proxy."""
    # AWS's own names can only lead to AWS.
    is_guarded = prefix.is_guarded and prefix.endpoint is not None
    if is_guarded and prefix.credentials_path is None:
        # The pod's identity would be shown to whoever the user named: the token goes with every request.
        message = f"{prefix.uri} is at an endpoint of the user's own, and no Secret was named for it"
        raise invalid(Reason.CREDENTIALS_INCOMPLETE, message, "name a Secret beside the URI")
    config = Config(
        connect_timeout=5,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path" if prefix.endpoint else "auto"},
        max_pool_connections=PARALLEL_CONNECTIONS,
        proxies={} if is_guarded else None,
    )
    credentials = read_credentials(prefix.credentials_path)
    try:
        client = boto3.client(
            "s3",
            endpoint_url=prefix.endpoint,
            region_name=prefix.region or "us-east-1",
            aws_access_key_id=credentials.get("aws_access_key_id"),
            aws_secret_access_key=credentials.get("aws_secret_access_key"),
            aws_session_token=credentials.get("aws_session_token"),
            config=config,
        )
    except ValueError as error:
        message = f"'{prefix.endpoint}' is no URL of an S3 server; it must look like https://host:port"
        raise invalid(Reason.INVALID_CONFIG, message, "correct the location's endpoint") from error
    if is_guarded:
        guard(client, frozenset(prefix.allowed_private_hosts))
    return client


class S3Store:
    """An ObjectStore on a bucket and a key prefix."""

    def __init__(self, prefix: StorePrefix, *, retry_seconds: float = RETRY_SECONDS) -> None:
        # Not urlsplit: a key may hold '#' and '?'.
        self._bucket, _, folder = prefix.uri.removeprefix("s3://").rstrip("/").partition("/")
        self._root = f"{checked(folder)}/" if folder else ""
        self.uri = f"s3://{self._bucket}/{self._root}"
        self._client = make_client(prefix)
        self._retry_seconds = retry_seconds

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        start_after, token, pages = "", "", 0
        while True:
            page = self._try(prefix, functools.partial(self._page, prefix, start_after, token))
            entries = page.get("Contents", [])
            if entries and entries[-1]["Key"] == start_after:
                raise self._endless(prefix, "gives the same page again")
            for entry in entries:
                start_after = entry["Key"]
                if not start_after.endswith("/"):  # consoles make an empty object to show a folder
                    pages = 0
                    yield self._info(entry)
            if not page["IsTruncated"]:
                return
            # A page may be empty where many objects were deleted; there the token alone goes on.
            token = "" if entries else page.get("NextContinuationToken", "")
            pages += 1
            if pages > MAX_EMPTY_PAGES or not (entries or token):
                raise self._endless(prefix, "does not end: page after page is empty")

    def _info(self, entry: ObjectTypeDef) -> ObjectInfo:
        return ObjectInfo(entry["Key"].removeprefix(self._root), entry["Size"], entry.get("ETag", "").strip('"'))

    def _page(self, prefix: str, start_after: str, token: str) -> ListObjectsV2OutputTypeDef:
        onwards: dict[str, str] = {"ContinuationToken": token} if token else {"StartAfter": start_after}
        return self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._root + prefix, **onwards)  # type: ignore[arg-type]

    def _endless(self, prefix: str, what: str) -> TrainerFailure:
        message = f"the server's listing of {self.uri}{prefix} {what}"
        return invalid(Reason.SOURCE_UNREADABLE, message, "name a folder further down, or look at the S3 server")

    def _check_access(self) -> ListObjectsV2OutputTypeDef:
        return self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._root, MaxKeys=1)

    def list_top(self) -> Iterator[ObjectInfo]:
        token: str | None = None
        while True:
            page = self._try("", functools.partial(self._top_page, token))
            for entry in page.get("Contents", []):
                if not entry["Key"].endswith("/"):
                    yield self._info(entry)
            if not page["IsTruncated"]:
                return
            token = page["NextContinuationToken"]

    def _top_page(self, token: str | None) -> ListObjectsV2OutputTypeDef:
        more: dict[str, Any] = {"ContinuationToken": token} if token else {}
        return self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._root, Delimiter="/", **more)

    def head(self, key: str) -> ObjectInfo | None:
        try:
            found = self._try(key, lambda: self._client.head_object(Bucket=self._bucket, Key=self._key(key)))
        except ObjectNotFound:
            return None
        return ObjectInfo(key, found["ContentLength"], found.get("ETag", "").strip('"'))

    def read(self, key: str, max_bytes: int) -> bytes:
        def get() -> bytes:
            found = self._client.get_object(Bucket=self._bucket, Key=self._key(key))
            with contextlib.closing(found["Body"]) as body:
                if found["ContentLength"] > max_bytes:
                    raise ObjectTooLarge(f"{self.uri}{key} has {found['ContentLength']} bytes, more than {max_bytes}")
                return body.read()

        return self._try(key, get)

    def download(self, key: str, path: Path) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.part")

        def fetch() -> str:
            with HashingWriter(unfinished) as file:
                self._client.download_fileobj(self._bucket, self._key(key), cast("IO[bytes]", file), Config=DOWNLOAD)
            return file.sha256()

        try:
            digest = self._try(key, fetch)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        unfinished.rename(path)
        return digest

    def upload(self, path: Path, key: str) -> None:
        self._try(key, lambda: self._client.upload_file(str(path), self._bucket, self._key(key), Config=UPLOAD))

    def put(self, key: str, data: bytes) -> None:
        self._try(key, lambda: self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=data))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        def put() -> bool:
            try:
                self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=data, IfNoneMatch="*")
            except ClientError as error:
                if is_precondition_failed(error):
                    return False
                raise
            return True

        if self._try(key, put):
            return True
        # A write whose reply was lost is found by its own retry: the same bytes are ours.
        return self.read(key, max_bytes=len(data)) == data if self._has_size(key, len(data)) else False

    def _has_size(self, key: str, size: int) -> bool:
        found = self.head(key)
        return found is not None and found.size == size

    def delete(self, key: str) -> None:
        self._try(key, lambda: self._client.delete_object(Bucket=self._bucket, Key=self._key(key)))

    def _key(self, key: str) -> str:
        return self._root + checked(key)

    def _try(self, key: str, call: Callable[[], T]) -> T:
        """Makes a call until it succeeds, fails for good, or its time is up."""
        deadline, delay = time.monotonic() + self._retry_seconds, FIRST_DELAY_SECONDS
        while True:
            try:
                return call()
            except (ClientError, BotoCoreError, S3UploadFailedError, RetriesExceededError, OSError) as error:
                if (refused := refusal(error)) is not None:
                    raise refused from error
                if is_missing_object(error):
                    if says_only_not_found(error):
                        self._try(key, self._check_access)  # raises what is really missing
                    raise ObjectNotFound(f"{self.uri}{key}") from error
                if not is_transient(error) or time.monotonic() + delay > deadline:
                    raise translate(error, f"{self.uri}{key}", self._client.meta.endpoint_url) from error
            time.sleep(delay * JITTER.uniform(0.5, 1.0))
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)
