from __future__ import annotations

from collections.abc import Iterator

import pytest

from sft_trainer.data.origins import guarded_http
from tests.unit.trainer.data.origins.http_server import Server, serve


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(guarded_http, "FIRST_DELAY_SECONDS", 0.001)
    with serve() as running:
        yield running
