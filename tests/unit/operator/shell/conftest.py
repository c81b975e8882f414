"""What tests of the shell share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.operator.shell.api_server import ApiServerDouble, serving


@pytest.fixture
async def api_server() -> AsyncIterator[ApiServerDouble]:
    """A small API server on the loopback."""
    async with serving() as double:
        yield double
