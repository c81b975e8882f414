"""An endpoint that a user named leads to public addresses, and to private ones only where the platform team allows the host."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sft_trainer.contract import ExitCode, Reason, StorePrefix
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.object_store import open_object, open_store
from sft_trainer.store.s3 import S3Store

PUBLIC = "93.184.215.14"


class Internal:
    """A service of the cluster's own network that answers whoever asks, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.headers["Host"], self.path))
                self.send_response(200)
                self.send_header("Content-Length", "6")
                self.end_headers()
                self.wfile.write(b"secret")

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def internal() -> Iterator[Internal]:
    service = Internal()
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture
def keys(tmp_path: Path) -> str:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (tmp_path / name).write_text("key-of-the-test")
    return str(tmp_path)


def place(endpoint: str, keys: str, *allowed: str, is_guarded: bool = True) -> StorePrefix:
    return StorePrefix(
        uri="s3://latest/meta-data/",
        endpoint=endpoint,
        credentials_path=keys,
        is_guarded=is_guarded,
        allowed_private_hosts=list(allowed),
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0"])
def test_an_internal_service_is_never_asked(internal: Internal, keys: str, host: str) -> None:
    begun = time.monotonic()
    with pytest.raises(TrainerFailure, match=r"leads to .*, which is no public address") as caught:
        open_store(place(f"http://{host}:{internal.port}", keys)).read("role", max_bytes=100)
    assert (caught.value.exit_code, caught.value.reason) == (ExitCode.INVALID, Reason.INVALID_CONFIG)
    assert "allowedPrivateHosts" in caught.value.remedy
    assert time.monotonic() - begun < 30, "it is no outage that is ridden out"
    assert internal.asked == []


@pytest.mark.parametrize("call", ["list", "head", "download", "upload", "put", "put_if_absent", "delete"])
def test_no_call_goes_inwards(internal: Internal, keys: str, tmp_path: Path, call: str) -> None:
    (tmp_path / "file").write_text("x")
    store = open_store(place(f"http://127.0.0.1:{internal.port}", keys))
    calls: dict[str, Callable[[], object]] = {
        "list": lambda: list(store.list()),
        "head": lambda: store.head("a"),
        "download": lambda: store.download("a", tmp_path / "back"),
        "upload": lambda: store.upload(tmp_path / "file", "a"),
        "put": lambda: store.put("a", b""),
        "put_if_absent": lambda: store.put_if_absent("a", b""),
        "delete": lambda: store.delete("a"),
    }
    with pytest.raises(TrainerFailure, match="no public address"):
        calls[call]()
    assert internal.asked == []


def test_a_host_that_is_allowed_is_asked_under_its_own_name(internal: Internal, keys: str) -> None:
    store = open_store(place(f"http://localhost:{internal.port}", keys, "localhost"))
    assert store.read("role", max_bytes=100) == b"secret"
    assert internal.asked == [(f"localhost:{internal.port}", "/latest/meta-data/role")]


def test_a_location_of_a_profile_is_not_guarded(internal: Internal, keys: str) -> None:
    store = open_store(place(f"http://127.0.0.1:{internal.port}", keys, is_guarded=False))
    assert store.read("role", max_bytes=100) == b"secret"


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.0.1", "100.100.100.200", "fd00:ec2::254", "fe80::1"])
def test_metadata_and_link_local_addresses_stay_closed_even_to_a_host_that_is_allowed(
    keys: str, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    answer_with(monkeypatch, [address])
    refuse_to_connect(monkeypatch)
    with pytest.raises(TrainerFailure, match=f"leads to {address}"):
        open_store(place("http://s3.example.com", keys, "s3.example.com")).read("role", max_bytes=100)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_address_that_was_checked_is_the_one_connected_to(keys: str, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """A name that leads outwards when it is looked at, and inwards ever after."""
    answer_with(monkeypatch, [PUBLIC], then=["127.0.0.1"])
    connected = refuse_to_connect(monkeypatch)
    with pytest.raises(TrainerFailure):
        S3Store(place(f"{scheme}://rebind.example.com:9000", keys), retry_seconds=0).read("role", max_bytes=100)
    assert connected[0] == PUBLIC
    assert set(connected) == {PUBLIC}


def test_one_inward_answer_among_public_ones_is_refused(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, [PUBLIC, "10.0.0.7"])
    connected = refuse_to_connect(monkeypatch)
    with pytest.raises(TrainerFailure, match=r"leads to 10\.0\.0\.7"):
        open_store(place("https://mixed.example.com", keys)).read("role", max_bytes=100)
    assert connected == []


def test_a_name_that_nobody_knows_is_a_store_that_is_away(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TrainerFailure) as caught:
        S3Store(place("https://nowhere.example.com", keys), retry_seconds=0).read("role", max_bytes=100)
    assert caught.value.reason is Reason.STORE_UNAVAILABLE


def test_no_proxy_connects_on_behalf_of_a_guarded_store(internal: Internal, keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{internal.port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{internal.port}")
    answer_with(monkeypatch, ["169.254.169.254"])
    with pytest.raises(TrainerFailure, match="no public address"):
        open_store(place("http://metadata.example.com", keys)).read("role", max_bytes=100)
    assert internal.asked == []


def test_the_pods_identity_is_not_shown_to_an_endpoint_of_a_users(internal: Internal) -> None:
    location = place(f"http://localhost:{internal.port}", "", "localhost").model_copy(update={"credentials_path": None})
    with pytest.raises(TrainerFailure) as caught:
        open_store(location)
    assert caught.value.reason is Reason.CREDENTIALS_INCOMPLETE
    assert internal.asked == []


def test_a_single_object_of_a_guarded_folder_is_guarded_too(internal: Internal, keys: str) -> None:
    location = place(f"http://127.0.0.1:{internal.port}", keys).model_copy(update={"uri": "s3://latest/meta-data/role"})
    store, key = open_object(location)
    with pytest.raises(TrainerFailure, match="no public address"):
        store.read(key, max_bytes=100)
    assert internal.asked == []


def answer_with(monkeypatch: pytest.MonkeyPatch, addresses: list[str], then: list[str] | None = None) -> None:
    """The resolver's answers: the first ones once, if others come `then`."""
    answers = [addresses, then or addresses]

    def resolve(host: str, port: int, *_: object, **__: object) -> list[Any]:
        found = answers[0] if len(answers) == 1 else answers.pop(0)
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def refuse_to_connect(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No connection leaves this machine; the addresses that one was wanted to."""
    wanted: list[str] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> None:
        wanted.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    return wanted
