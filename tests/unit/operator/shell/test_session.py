"""The session to the API server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sft_operator.shell.client import Client
from sft_operator.shell.resources import JOBS
from sft_operator.shell.session import CONNECTION_LIMIT, ApiServer, NoCluster
from tests.unit.operator.shell.api_server import ApiServerDouble, Asked


async def test_the_token_is_read_again_for_every_request(api_server: ApiServerDouble, tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(asked: Asked) -> tuple[int, object]:
        seen.append(asked.headers.get("Authorization", ""))
        return 200, {}

    api_server.answer = answer
    token = tmp_path / "token"
    connection = ApiServer(api_server.server, None, {}, token)
    try:
        for text in ("first", "second\n"):
            token.write_text(text)
            await Client(connection).get(JOBS, "team", "x")
    finally:
        await connection.close()
    assert seen == ["Bearer first", "Bearer second"]


async def test_connections_are_bounded_and_a_closed_session_is_opened_anew() -> None:
    connection = ApiServer("http://127.0.0.1:9", None, {}, None)
    session = await connection.session()
    assert await connection.session() is session
    assert session.connector is not None
    assert session.connector.limit == CONNECTION_LIMIT
    await session.close()
    assert await connection.session() is not session
    await connection.close()
    await asyncio.sleep(0)


def test_without_a_cluster_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(NoCluster, match="set KUBECONFIG"):
        ApiServer.find()
