"""A file behind a URL: the right bytes, from the right place, or a clear word."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import pytest

from sft_trainer.contract import NetworkSettings, Reason
from sft_trainer.contract.source import HttpSource, Source
from sft_trainer.data.origins.fetch import fetch
from sft_trainer.data.origins.guarded_http import ATTEMPTS, MAX_REDIRECTS, onward
from sft_trainer.failure import TrainerFailure
from sft_trainer.network.address_guard import Target
from tests.unit.trainer.data.origins.http_server import Reply, Server

ROWS = b'{"a": 1}\n'
SHA = hashlib.sha256(ROWS).hexdigest()


def read(url: str, scratch: Path, hosts: frozenset[str] = frozenset({"localhost"}), **settings: Any) -> list[tuple[str, bytes]]:
    source = Source(name="s", http=HttpSource(url=url, **({"sha256": SHA} | settings)))
    return [(file.key, file.path.read_bytes()) for file in fetch(source, scratch, NetworkSettings(allowed_private_hosts=hosts))]


def test_a_file_arrives_and_is_gone_afterwards(server: Server, tmp_path: Path) -> None:
    server.replies["/d/rows.jsonl?v=1"] = [Reply(ROWS)]
    assert read(server.url("/d/rows.jsonl?v=1"), tmp_path) == [("rows.jsonl", ROWS)]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "fault",
    [Reply(status=500), Reply(status=503), Reply(status=429), Reply(ROWS[:4], claimed_length=len(ROWS))],
    ids=["500", "503", "429", "cut off"],
)
def test_a_fault_that_passes_is_ridden_out(server: Server, tmp_path: Path, fault: Reply) -> None:
    server.replies["/f"] = [fault, fault, Reply(ROWS)]
    assert read(server.url("/f"), tmp_path) == [("f", ROWS)]


def test_a_fault_that_stays_is_told_as_an_outage(server: Server, tmp_path: Path) -> None:
    server.replies["/f"] = [Reply(status=503)]
    with pytest.raises(TrainerFailure, match="answered 503") as caught:
        read(server.url("/f"), tmp_path)
    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    assert len(server.requests) == ATTEMPTS


@pytest.mark.parametrize(
    ("reply", "reason", "told"),
    [
        (Reply(status=404), Reason.SOURCE_NOT_FOUND, "404"),
        (Reply(status=403), Reason.STORE_DENIED, "denied"),
        (Reply(b"other"), Reason.SOURCE_UNREADABLE, "has the SHA-256 " + hashlib.sha256(b"other").hexdigest()),
        (Reply(b"x" * 101), Reason.INVALID_CONFIG, "maxBytes"),
        (Reply(ROWS, headers={"Content-Encoding": "gzip"}), Reason.SOURCE_UNREADABLE, "compressed"),
    ],
    ids=["missing", "denied", "changed", "too large", "compressed"],
)
def test_a_wrong_file_is_named(server: Server, tmp_path: Path, reply: Reply, reason: Reason, told: str) -> None:
    server.replies["/f"] = [reply]
    with pytest.raises(TrainerFailure, match=told) as caught:
        read(server.url("/f"), tmp_path, max_bytes=100)
    assert caught.value.reason is reason
    assert caught.value.remedy


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "http://127.0.0.1:1/", "file:///etc/passwd"],
)
def test_a_redirect_inwards_is_not_followed(server: Server, tmp_path: Path, target: str) -> None:
    server.replies["/f"] = [Reply(status=302, headers={"Location": target})]
    with pytest.raises(TrainerFailure, match="is not followed"):
        read(server.url("/f"), tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize(("redirects", "arrives"), [(MAX_REDIRECTS, True), (MAX_REDIRECTS + 1, False)])
def test_only_so_many_redirects_are_followed(server: Server, tmp_path: Path, redirects: int, arrives: bool) -> None:
    for step in range(redirects):
        server.replies[f"/{step}"] = [Reply(status=307, headers={"Location": f"/{step + 1}"})]
    server.replies[f"/{redirects}"] = [Reply(ROWS)]
    if arrives:
        assert read(server.url("/0"), tmp_path)[0][1] == ROWS
    else:
        with pytest.raises(TrainerFailure, match="redirects"):
            read(server.url("/0"), tmp_path)


def test_credentials_go_to_their_own_host_alone(server: Server, tmp_path: Path) -> None:
    secret = tmp_path / "authorization"
    secret.write_text("Bearer top-secret\n")
    server.replies["/f"] = [Reply(status=302, headers={"Location": server.url("/g", "127.0.0.1")})]
    server.replies["/g"] = [Reply(ROWS)]
    read(server.url("/f"), tmp_path, frozenset({"localhost", "127.0.0.1"}), authorization_path=str(secret))
    assert [authorization for _, _, authorization in server.requests] == ["Bearer top-secret", None]


def test_the_connection_goes_to_the_address_that_was_checked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = socket.getaddrinfo

    def resolve(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "name.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server.replies["/f"] = [Reply(ROWS)]
    read(server.url("/f", "name.example"), tmp_path, frozenset({"name.example"}))
    assert asked.count("name.example") == 1
    assert server.requests[0][0] == f"name.example:{server.port}"


def test_a_secret_that_cannot_stand_in_a_header_is_not_printed(tmp_path: Path) -> None:
    secret = tmp_path / "authorization"
    secret.write_text("top\nsecret")
    with pytest.raises(TrainerFailure) as caught:
        read("https://1.1.1.1/f", tmp_path, authorization_path=str(secret))
    assert caught.value.reason is Reason.CREDENTIALS_INCOMPLETE
    assert "top" not in caught.value.message


@pytest.mark.parametrize(
    ("before", "after", "is_followed"),
    [("https", "https", True), ("http", "http", True), ("http", "https", True), ("https", "http", False)],
)
def test_a_redirect_never_leaves_tls(before: str, after: str, is_followed: bool) -> None:
    one, other = (Target(scheme, "host", 1, "/", "1.1.1.1") for scheme in (before, after))
    if is_followed:
        assert onward("https://host/", one, other) == other
    else:
        with pytest.raises(TrainerFailure, match="from https to http"):
            onward("http://host/", one, other)


def test_no_more_than_three_redirects_are_followed() -> None:
    assert MAX_REDIRECTS == 3
