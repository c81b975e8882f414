"""`python -m sft_operator` as a process: it watches, acts, tells how it is, and ends when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.cluster import KubernetesCluster
from tests.integration.operator.stage import IMAGES, Stage
from tests.integration.operator.test_client import INLINE, MODEL

pytestmark = pytest.mark.integration

IMAGE_VARIABLES = {"SFT_DATA_IMAGE": IMAGES.data, "SFT_TRAINER_IMAGE": IMAGES.trainer}


@dataclass(frozen=True, slots=True)
class Process:
    """A running operator."""

    popen: subprocess.Popen[bytes]
    port: int
    log: Path

    async def answer(self, path: str) -> int:
        """HTTP status of a probe; 0 while nothing listens."""
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as response:
                return response.status
        except aiohttp.ClientError:
            return 0

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for what the operator should bring about; fails with its log."""
        for _ in range(300):
            if holds():
                return
            assert self.popen.poll() is None, self.log.read_text()
            await asyncio.sleep(0.1)
        raise AssertionError(self.log.read_text())

    async def until_ready(self) -> None:
        """Waits until /readyz says so."""
        for _ in range(300):
            if await self.answer("/readyz") == 200:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(self.log.read_text())


@pytest.fixture
def process(lone_api: KubernetesCluster, tmp_path: Path) -> Iterator[Process]:
    """An operator that only events wake: its list-and-compare comes once, at the start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        **IMAGE_VARIABLES,
        "KUBECONFIG": str(lone_api.kubeconfig),
        "SFT_HEALTH_PORT": str(port),
        "SFT_RESYNC_SECONDS": "3600",
    }
    log = tmp_path / "operator.log"
    with log.open("wb") as output:
        popen = subprocess.Popen([sys.executable, "-m", "sft_operator"], env=environment, stdout=output, stderr=output)
    try:
        yield Process(popen, port, log)
    finally:
        popen.kill()
        popen.wait()


async def test_it_acts_on_what_it_watches(process: Process, stage: Stage) -> None:
    await process.until_ready()
    run = stage.apply("SFTJob", "bot", MODEL)
    await process.until(lambda: stage.status(run).get("phase") == "Pending")
    dataset = stage.apply("InstructionDataset", "rows", INLINE)
    await process.until(lambda: len(stage.jobs()) == 1)
    job = stage.jobs()[0]
    await process.until(lambda: bool(stage.status(dataset)["attempts"][0].get("jobUID")))
    stage.cluster.kubectl("delete", "job", job["metadata"]["name"], "-n", stage.namespace, "--cascade=foreground")
    await process.until(lambda: stage.status(dataset)["attempts"][0].get("reason") == "ChildDeleted")
    assert await process.answer("/healthz") == 200


async def test_it_ends_well_when_it_is_told_to(process: Process) -> None:
    await process.until_ready()
    process.popen.send_signal(signal.SIGTERM)
    assert process.popen.wait(timeout=15) == 0
    assert "Traceback" not in process.log.read_text()


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        pytest.param({}, "SFT_DATA_IMAGE is not set", id="no image"),
        pytest.param(IMAGE_VARIABLES, "set KUBECONFIG", id="no cluster"),
    ],
)
def test_it_says_what_it_lacks(environment: dict[str, str], words: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sft_operator"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert words in done.stderr
