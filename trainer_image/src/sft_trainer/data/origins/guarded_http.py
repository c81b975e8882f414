"""HTTP that goes only where address_guard lets it: redirects are checked one by one, bodies and time are capped."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import orjson
import urllib3
from urllib3.exceptions import HTTPError

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.network.address_guard import Target, check, shown

T = TypeVar("T")

MAX_REDIRECTS = 3
"""A hub takes one to its large-file store, and one more each where a repository was renamed or a copy is nearer."""
TIMEOUT = urllib3.Timeout(connect=5, read=60)
MAX_SECONDS = 4 * 3600
"""100 GiB at 60 Mbit/s; a server that drips bytes must not hold a pod for ever."""
ATTEMPTS = 5
FIRST_DELAY_SECONDS = 1.0
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PIECE_BYTES = 1 << 20
MAX_JSON_BYTES = 16 << 20
"""A page of a hub's listing is about 1 MiB."""


class _Unfinished(Exception):
    """This attempt failed in a way that the next need not."""


class GuardedHttp:
    """Fetches URLs, with credentials for one host."""

    def __init__(self, allowed_private_hosts: frozenset[str], authorization: str | None = None) -> None:
        self._allowed = allowed_private_hosts
        self._authorization = authorization

    def download(self, url: str, path: Path, max_bytes: int) -> str:
        """Writes what a URL gives to a file; tells its SHA-256."""

        def attempt() -> str:
            digest = hashlib.sha256()
            with self._open(url) as reply, path.open("wb") as file:
                for piece in _pieces(url, reply, max_bytes):
                    digest.update(piece)
                    file.write(piece)
            return digest.hexdigest()

        return _persist(url, attempt)

    def json(self, url: str) -> tuple[Any, str | None]:
        """The JSON document behind a URL, and the URL of its next page."""

        def attempt() -> tuple[Any, str | None]:
            with self._open(url) as reply:
                text = b"".join(_pieces(url, reply, MAX_JSON_BYTES))
                following = _next_page(reply.headers.get("Link", ""))
            try:
                return orjson.loads(text), following
            except orjson.JSONDecodeError as error:
                raise invalid(Reason.SOURCE_UNREADABLE, f"{shown(url)} gave no JSON", "check the endpoint") from error

        return _persist(url, attempt)

    @contextlib.contextmanager
    def _open(self, url: str) -> Iterator[urllib3.BaseHTTPResponse]:
        first = target = check(url, self._allowed)
        for _ in range(MAX_REDIRECTS + 1):
            authorization = self._authorization if target.origin == first.origin else None
            with _pool(target) as pool:
                reply = pool.request(
                    "GET",
                    target.path,
                    headers=_headers(target, authorization),
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    decode_content=False,
                )
                try:
                    if reply.status not in REDIRECTS:
                        _raise_for_status(url, reply.status)
                        yield reply
                        return
                    url = urljoin(url, reply.headers.get("Location", ""))
                finally:
                    reply.close()
            target = onward(url, target, check(url, self._allowed))
        raise invalid(Reason.INVALID_CONFIG, f"{shown(url)}: more than {MAX_REDIRECTS} redirects", "give the last URL itself")


def onward(url: str, target: Target, following: Target) -> Target:
    """Where a redirect leads; raises TrainerFailure when it leaves TLS.

    From http to https it may lead: http:// is only ever followed to hosts that the platform team has named, the address of the
    new one was checked like any other, and TLS makes the answer harder to forge, never easier.
    """
    if target.scheme == "https" and following.scheme == "http":
        raise invalid(
            Reason.INVALID_CONFIG, f"{shown(url)} is not followed: it leads from https to http", "give the last URL itself"
        )
    return following


def _pool(target: Target) -> urllib3.HTTPConnectionPool:
    """Connections to the address that was checked; the certificate must be the name's."""
    if target.scheme == "https":
        return urllib3.HTTPSConnectionPool(
            target.address, target.port, timeout=TIMEOUT, server_hostname=target.host, assert_hostname=target.host
        )
    return urllib3.HTTPConnectionPool(target.address, target.port, timeout=TIMEOUT)


def _headers(target: Target, authorization: str | None) -> dict[str, str]:
    host = f"[{target.host}]" if ":" in target.host else target.host
    headers = {"Host": f"{host}:{target.port}", "Accept-Encoding": "identity", "User-Agent": "sft-trainer"}
    if target.port in (80, 443):
        headers["Host"] = host
    return headers | ({"Authorization": authorization} if authorization else {})


def _raise_for_status(url: str, status: int) -> None:
    if status == 200:
        return
    if status in TRANSIENT:
        raise _Unfinished(f"answered {status}")
    if status in (401, 403):
        message = f"{shown(url)} denied access ({status})"
        remedy = "give a token that may read it, and accept the dataset's terms on its page if it has any"
        raise TrainerFailure(ExitCode.STORE_DENIED, Reason.STORE_DENIED, message, remedy)
    raise invalid(Reason.SOURCE_NOT_FOUND, f"{shown(url)} was not found ({status})", "correct the location")


def _pieces(url: str, reply: urllib3.BaseHTTPResponse, max_bytes: int) -> Iterator[bytes]:
    if reply.headers.get("Content-Encoding", "identity") != "identity":
        raise invalid(Reason.SOURCE_UNREADABLE, f"{shown(url)} was sent compressed, unasked", "serve the file as it is")
    deadline, received = time.monotonic() + MAX_SECONDS, 0
    for piece in reply.stream(PIECE_BYTES, decode_content=False):
        received += len(piece)
        if received > max_bytes:
            raise too_large(shown(url), max_bytes)
        if time.monotonic() > deadline:
            raise _Unfinished(f"took more than {MAX_SECONDS} seconds")
        yield piece


def too_large(where: str, max_bytes: int) -> TrainerFailure:
    """More bytes than a source may have."""
    message = f"{where} has more than the {max_bytes} bytes that maxBytes allows"
    return invalid(Reason.INVALID_CONFIG, message, "name fewer files, or raise the source's maxBytes")


def _persist(url: str, attempt: Callable[[], T]) -> T:
    delay = FIRST_DELAY_SECONDS
    for remaining in reversed(range(ATTEMPTS)):
        try:
            return attempt()
        except (HTTPError, _Unfinished) as error:
            if not remaining:
                message = (
                    f"{shown(url)} could not be read ({str(error) if isinstance(error, _Unfinished) else type(error).__name__})"
                )
                raise TrainerFailure(
                    ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE, message, "it is tried again; look at the server"
                ) from error
        time.sleep(delay)
        delay *= 2
    raise AssertionError("the last attempt returns or raises")


def _next_page(link: str) -> str | None:
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return address.strip().removeprefix("<").removesuffix(">")
    return None
