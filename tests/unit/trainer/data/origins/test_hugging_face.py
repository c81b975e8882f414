"""A dataset repository: its revision becomes a commit, and only the commit is read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sft_trainer.contract import NetworkSettings, Reason
from sft_trainer.contract.source import CatalogSource, HuggingFaceSource, Source
from sft_trainer.data.origins.fetch import FetchedFile, fetch, identities
from sft_trainer.failure import TrainerFailure
from tests.unit.trainer.data.origins.http_server import Reply, Server

COMMIT = "c" * 40
API = "/api/datasets/org/set"
NETWORK = NetworkSettings(allowed_private_hosts=frozenset({"localhost", "127.0.0.1"}))


def entry(path: str, body: bytes, is_large: bool = False) -> dict[str, Any]:
    large = {"lfs": {"oid": hashlib.sha256(body).hexdigest(), "size": len(body)}} if is_large else {}
    return {"type": "file", "path": path, "size": len(body), "oid": hashlib.sha1(body).hexdigest()} | large  # noqa: S324


def publish(server: Server, pages: list[list[dict[str, Any]]], repository: str = "org/set", revision: str = "main") -> None:
    api = f"/api/datasets/{repository}"
    server.replies[f"{api}/revision/{revision}"] = [Reply(json.dumps({"sha": COMMIT}).encode())]
    for number, page in enumerate(pages):
        path = f"{api}/tree/{COMMIT}?recursive=true" + (f"&cursor={number}" if number else "")
        following = server.url(f"{api}/tree/{COMMIT}?recursive=true&cursor={number + 1}")
        link = {"Link": f'<{following}>; rel="next"'} if number + 1 < len(pages) else {}
        server.replies[path] = [Reply(json.dumps(page).encode(), headers=link)]


def source(server: Server, **settings: Any) -> Source:
    place = {"repository": "org/set", "endpoint": server.url("")} | settings
    return Source(name="s", hugging_face=HuggingFaceSource(**place))


def resolve_path(path: str) -> str:
    return f"/datasets/org/set/resolve/{COMMIT}/{path}"


def read(source: Source, scratch: Path) -> list[FetchedFile]:
    return list(fetch(source, scratch, NETWORK))


def test_files_of_all_pages_are_read_at_the_commit_in_the_order_of_their_keys(server: Server, tmp_path: Path) -> None:
    folder = {"type": "directory", "path": "data", "oid": "1", "size": 0}
    publish(server, [[entry("z.jsonl", b"z"), folder], [entry("data/a b.jsonl", b"a"), entry("README.md", b"r")]])
    server.replies[resolve_path("z.jsonl")] = [Reply(b"z")]
    server.replies[resolve_path("data/a%20b.jsonl")] = [Reply(b"a")]
    files = read(source(server), tmp_path)
    assert [(file.key, file.revision) for file in files] == [("data/a b.jsonl", COMMIT), ("z.jsonl", COMMIT)]


def test_a_large_file_comes_from_elsewhere_without_the_token(server: Server, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("hf_secret")
    publish(server, [[entry("a.jsonl", b"large", is_large=True)]])
    server.replies[resolve_path("a.jsonl")] = [Reply(status=302, headers={"Location": server.url("/cdn", "127.0.0.1")})]
    server.replies["/cdn"] = [Reply(b"large")]
    assert read(source(server, token_path=str(token)), tmp_path)[0].identity.startswith("sha256:")
    assert {path: authorization for _, path, authorization in server.requests} == {
        f"{API}/revision/main": "Bearer hf_secret",
        f"{API}/tree/{COMMIT}?recursive=true": "Bearer hf_secret",
        resolve_path("a.jsonl"): "Bearer hf_secret",
        "/cdn": None,
    }


def test_a_large_file_that_is_another_than_listed_is_refused(server: Server, tmp_path: Path) -> None:
    publish(server, [[entry("a.jsonl", b"large", is_large=True)]])
    server.replies[resolve_path("a.jsonl")] = [Reply(b"LARGE")]
    with pytest.raises(TrainerFailure, match="as the hub lists it") as caught:
        read(source(server), tmp_path)
    assert caught.value.reason is Reason.SOURCE_UNREADABLE


@pytest.mark.parametrize("key", ["../evil.jsonl", "a/../../b.jsonl", "/etc/x.jsonl", "a\\b.jsonl", "a\x00.jsonl"])
def test_a_name_that_leaves_its_folder_is_refused(server: Server, tmp_path: Path, key: str) -> None:
    publish(server, [[entry(key, b"x")]])
    with pytest.raises(TrainerFailure, match="ordinary parts"):
        read(source(server), tmp_path)


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"max_objects": 2}, "maxObjects"), ({"max_bytes": 2}, "maxBytes"), ({"files": "*.csv"}, "is wanted")],
    ids=["too many", "too large", "none"],
)
def test_a_listing_outside_the_limits_is_refused(server: Server, tmp_path: Path, settings: dict[str, Any], told: str) -> None:
    publish(server, [[entry(f"{number}.jsonl", b"x") for number in range(3)]])
    with pytest.raises(TrainerFailure, match=told):
        read(source(server, **settings), tmp_path)


def test_an_endless_listing_ends(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sft_trainer.data.origins.hugging_face.MAX_PAGES", 5)
    publish(server, [[entry("a.md", b"x")]])
    path = f"{API}/tree/{COMMIT}?recursive=true"
    server.replies[path] = [Reply(b"[]", headers={"Link": f'<{server.url(path)}>; rel="next"'})]
    with pytest.raises(TrainerFailure, match="more than 5 pages"):
        read(source(server), tmp_path)


def test_a_listing_that_continues_on_another_host_is_refused(server: Server, tmp_path: Path) -> None:
    publish(server, [[entry("a.jsonl", b"x")]])
    elsewhere = server.url("/next", "127.0.0.1")
    path = f"{API}/tree/{COMMIT}?recursive=true"
    server.replies[path] = [Reply(b"[]", headers={"Link": f'<{elsewhere}>; rel="next"'})]
    with pytest.raises(TrainerFailure, match="another host"):
        read(source(server), tmp_path)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"sha": "main"}', b'{"sha": 5}', b"{}"])
def test_a_hub_that_names_no_commit_is_refused(server: Server, tmp_path: Path, answer: bytes) -> None:
    server.replies[f"{API}/revision/main"] = [Reply(answer)]
    with pytest.raises(TrainerFailure) as caught:
        read(source(server), tmp_path)
    assert caught.value.reason is Reason.SOURCE_UNREADABLE


def test_what_changed_upstream_is_seen_without_reading_it(server: Server) -> None:
    publish(server, [[entry("a.jsonl", b"a"), entry("b.jsonl", b"b", is_large=True)]])
    before = identities(source(server), NETWORK)
    publish(server, [[entry("a.jsonl", b"A"), entry("b.jsonl", b"b", is_large=True)]])
    after = identities(source(server), NETWORK)
    assert [key for key in before if before[key] != after[key]] == ["a.jsonl"]


def test_a_catalog_name_is_read_from_the_hub(server: Server, tmp_path: Path) -> None:
    publish(server, [[entry("Belle_open_source_1M.json", b"x"), entry("other.json", b"y")]], "BelleGroup/train_1M_CN")
    server.replies[f"/datasets/BelleGroup/train_1M_CN/resolve/{COMMIT}/Belle_open_source_1M.json"] = [Reply(b"x")]
    named = Source(name="s", catalog=CatalogSource(name="belle-1m"))
    network = NetworkSettings(allowed_private_hosts=frozenset({"localhost"}), hub_endpoint=server.url(""))
    assert [file.key for file in fetch(named, tmp_path, network)] == ["Belle_open_source_1M.json"]


def test_a_slip_in_a_catalog_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainerFailure, match="belle-1m"):
        read(Source(name="s", catalog=CatalogSource(name="bell-1m")), tmp_path)


def test_splits_to_test_with_are_not_read_unless_a_pattern_names_them(server: Server, tmp_path: Path) -> None:
    names = ["data/train-0.jsonl", "data/test-0.jsonl", "validation.jsonl", "dev/x.jsonl", "latest.jsonl", "all.jsonl"]
    publish(server, [[entry(name, b"x") for name in names]])
    for name in names:
        server.replies[resolve_path(name)] = [Reply(b"x")]
    found = read(source(server), tmp_path)
    assert [file.key for file in found] == ["all.jsonl", "data/train-0.jsonl", "latest.jsonl"]
    assert "data/test-0.jsonl" in found[0].passed_over
    assert [file.key for file in read(source(server, files="data/test-*"), tmp_path)] == ["data/test-0.jsonl"]
