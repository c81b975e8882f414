"""A preparation while its object store fails: whichever single call goes wrong, and however, the same version comes out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from sft_trainer.contract import (
    DedupeSettings,
    Gates,
    NearDuplicateSettings,
    ObjectRef,
    PinnedDataset,
    PrepareConfig,
    PrepareResult,
    Source,
    StorePrefix,
    StoreSource,
)
from sft_trainer.data.prepare import prepare
from sft_trainer.store import s3
from sft_trainer.store.manifest import MANIFEST
from sft_trainer.store.object_store import open_store
from tests.integration.trainer.store.faulty_gateway import Fault, FaultyGateway
from tests.integration.trainer.store.s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from tests.unit.trainer.data.read_back import read_back

pytestmark = [pytest.mark.integration, pytest.mark.matrix]

ROWS = [json.dumps({"prompt": f"Where is desk {n}?", "completion": f"In room {n * 37}."}) for n in range(60)]


@pytest.fixture
def gateway(s3_server: S3Server) -> Iterator[FaultyGateway]:
    gateway = FaultyGateway(s3_server.port)
    yield gateway
    gateway.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same retries, sooner."""
    monkeypatch.setattr(s3, "READ_TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(s3, "FIRST_DELAY_SECONDS", 0.01)


PREPARE = """
import os, signal, sys
from pathlib import Path
from sft_trainer.contract import PrepareConfig
from sft_trainer.data.prepare import prepare
from sft_trainer.data.watch import Watch

class Mortal(Watch):
    def begins(self, stage):
        with Path(sys.argv[3]).open("a") as stages:
            print(stage, file=stages)
        if stage == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)

prepare(PrepareConfig.model_validate_json(sys.stdin.read()), Path(sys.argv[1]), Mortal())
"""
"""Dies when the stage begins that it is told."""


class Team:
    """A bucket with two files of rows, and preparations into folders of its own."""

    def __init__(self, server: S3Server, gateway: FaultyGateway, place: StorePrefix, folder: Path) -> None:
        self._place = place.model_copy(update={"endpoint": gateway.endpoint})
        self._folder = folder
        self._runs = 0
        self.stages = folder / "stages"
        """Each stage that began in a process of its own, a line each."""
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{server.port}",
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        bucket, _, key = place.uri.removeprefix("s3://").partition("/")
        for name, rows in (("a.jsonl", ROWS[:40]), ("b.jsonl", [*ROWS[40:], ROWS[0], "{broken"])):
            client.put_object(Bucket=bucket, Key=f"{key}raw/{name}", Body="\n".join(rows).encode())

    def prepare(self) -> PrepareResult:
        """One preparation into an output of its own, read back as a trainer does."""
        config = self.config(f"{self._runs}")
        result = prepare(config, self.scratch())
        self.read(config, result.digest)
        return result

    def prepare_elsewhere(self, config: PrepareConfig, until: str = "") -> subprocess.Popen[bytes]:
        """A preparation in a process of its own, as in a pod; killed where the stage `until` begins."""
        command = [sys.executable, "-c", PREPARE, str(self.scratch()), until, str(self.stages)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(config.to_json().encode())
        process.stdin.close()
        return process

    def read(self, config: PrepareConfig, digest: str) -> None:
        """Every file and row is checked against the manifest."""
        store = config.versions.model_copy(update={"uri": f"{config.versions.uri}{digest}/"})
        read_back(PinnedDataset(name="faq", digest=digest, store=store), self.scratch())

    def scratch(self) -> Path:
        """A disk of a pod's own."""
        self._runs += 1
        scratch = self._folder / str(self._runs)
        scratch.mkdir()
        return scratch

    def config(self, output: str) -> PrepareConfig:
        """The same rows, into folders of this name."""
        source = StoreSource(**self._at("raw/").model_dump())
        return PrepareConfig(
            owner=ObjectRef(namespace="team", name="faq", uid="u"),
            attempt=1,
            sources=[Source(name="faq", store=source)],
            dedupe=DedupeSettings(near=NearDuplicateSettings()),
            eval_percent=20,
            gates=Gates(max_reject_percent=10, min_rows=1),
            versions=self._at(f"out-{output}/"),
            run=self._at(f"run-{output}/"),
        )

    def _at(self, folder: str) -> StorePrefix:
        return self._place.model_copy(update={"uri": f"{self._place.uri}{folder}"})


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.CALLER_DIES])
def test_whichever_call_fails_the_same_version_comes_out(
    s3_server: S3Server, gateway: FaultyGateway, place: StorePrefix, tmp_path: Path, fault: Fault
) -> None:
    team = Team(s3_server, gateway, place, tmp_path)
    gateway.count()
    undisturbed = team.prepare()
    calls = gateway.calls
    assert calls > 10
    for number in range(calls):
        gateway.spoil(number, fault)
        result = team.prepare()
        assert gateway.spoiled, f"call {number} of {calls} was never made"
        assert (result.digest, result.accounting) == (undisturbed.digest, undisturbed.accounting), gateway.spoiled


def test_killed_before_any_call_and_begun_again_the_same_version_comes_out_and_nothing_half(
    s3_server: S3Server, gateway: FaultyGateway, place: StorePrefix, tmp_path: Path
) -> None:
    team = Team(s3_server, gateway, place, tmp_path)
    gateway.count()
    digest = prepare(team.config("undisturbed"), team.scratch()).digest
    calls = gateway.calls
    for number in range(calls):
        config = team.config(f"killed-{number}")
        process = team.prepare_elsewhere(config)
        gateway.kill_at(number, process.kill)
        assert process.wait() == -signal.SIGKILL, f"call {number} of {calls} was never made"
        gateway.count()
        versions = open_store(config.versions)
        if versions.head(f"{digest}/{MANIFEST}"):
            team.read(config, digest)
        assert prepare(config, team.scratch()).digest == digest
        team.read(config, digest)


def test_killed_at_any_stage_and_begun_again_the_same_version_comes_out_and_nothing_half(
    s3_server: S3Server, gateway: FaultyGateway, place: StorePrefix, tmp_path: Path
) -> None:
    team = Team(s3_server, gateway, place, tmp_path)
    assert team.prepare_elsewhere(team.config("undisturbed")).wait() == 0
    stages = team.stages.read_text().splitlines()
    assert len(stages) >= 5, "read, near duplicates, evaluation rows, measured, written"
    digest = prepare(team.config("undisturbed"), team.scratch()).digest
    for number, stage in enumerate(stages):
        config = team.config(f"killed-at-stage-{number}")
        assert team.prepare_elsewhere(config, until=stage).wait() == -signal.SIGKILL, stage
        assert list(open_store(config.versions).list()) == [], "nothing is visible of a version before all of it is there"
        assert prepare(config, team.scratch()).digest == digest
        team.read(config, digest)
