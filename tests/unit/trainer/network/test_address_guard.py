"""Which URLs are followed."""

from __future__ import annotations

import socket

import pytest

from sft_trainer.contract import Reason
from sft_trainer.failure import TrainerFailure
from sft_trainer.network.address_guard import check, shown

HOSTILE = [
    *(
        f"https://{host}/f"
        for host in ("127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "0", "000.0.0.0", "[::1]", "[::]")
    ),
    *(f"https://{host}/f" for host in ("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1", "192.0.2.1")),
    *(f"https://{host}/f" for host in ("169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192")),
    *(f"https://{host}/f" for host in ("224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "localhost", "localhost.")),
    *(f"https://[{host}]/f" for host in ("fd00:ec2::254", "fc00::1", "fe80::1", "ff02::1", "2001:db8::1")),
    *(
        f"https://[{host}]/f"
        for host in ("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe")
    ),
    *(f"https://[{host}]/f" for host in ("2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:0:0:0:0:5601:5601")),
    *("http://1.1.1.1/f", "ftp://1.1.1.1/f", "file:///etc/passwd", "gopher://1.1.1.1/", "//1.1.1.1/f", "1.1.1.1/f", ""),
    *("https:///f", "https://", "https://user:secret@1.1.1.1/f", "https://user@1.1.1.1/f", "https://1.1.1.1:99999/f"),
    *(
        "https://1.1.1.1\\@127.0.0.1/f",
        "https://1.1.1.1/a b",
        "https://1.1.1.1/a\nHost: x",
        "https://1.1.1.1:x/",
        "https://[1.1.1.1/",
    ),
]


@pytest.mark.parametrize("url", HOSTILE, ids=ascii)
def test_a_hostile_url_is_refused(url: str) -> None:
    with pytest.raises(TrainerFailure) as caught:
        check(url)
    assert caught.value.reason is Reason.INVALID_CONFIG
    assert caught.value.remedy
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("url", ["https://1.1.1.1/f", "https://[2606:4700:4700::1111]/f?x=1", "https://8.8.8.8:8443/"])
def test_a_public_address_is_followed(url: str) -> None:
    assert check(url).scheme == "https"


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "[::ffff:169.254.169.254]", "224.0.0.1"]
)
def test_the_metadata_service_stays_closed_even_to_a_host_that_is_allowed(host: str) -> None:
    with pytest.raises(TrainerFailure):
        check(f"http://{host}/", frozenset({host.strip("[]")}))


def test_an_allowed_host_may_be_private_and_without_tls() -> None:
    assert check("http://127.0.0.1:9000/f", frozenset({"127.0.0.1"})).port == 9000


def test_one_private_answer_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("1.1.1.1", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(TrainerFailure, match=r"leads to 10\.0\.0\.7"):
        check("https://rebind.example/f")


def test_a_shown_url_holds_no_secret() -> None:
    assert shown("https://user:secret@host.example/a/b?token=secret") == "https://host.example/a/b"
