"""A real S3 server of the tests' own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from sft_trainer.contract import StorePrefix
from tests.cluster import configured_binaries, find_program
from tests.integration.trainer.store.s3_server import S3Server

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """versitygw, from the folder that SFT_TEST_BINARIES names, from the configured cluster, or from PATH."""
    try:
        program = find_program("versitygw", configured_binaries())
    except FileNotFoundError as missing:
        pytest.skip(f"no S3 server: {missing}")
    server = S3Server(program, tmp_path_factory.mktemp("s3"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def place(s3_server: S3Server) -> StorePrefix:
    """A folder of its own in a bucket of its own."""
    bucket = f"test-{next(_NUMBERS)}"
    s3_server.make_bucket(bucket)
    return StorePrefix(
        uri=f"s3://{bucket}/team/faq/",
        endpoint=f"http://127.0.0.1:{s3_server.port}",
        region="us-east-1",
        credentials_path=str(s3_server.credentials),
    )
