"""metrics.jsonl is written beside training: no store holds training up for it, and the end of a run has every line."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure
from sft_trainer.publish.metrics import METRICS_KEY, MetricsLog, resumed_metrics
from sft_trainer.store.local_folder import LocalFolder

PATIENCE_SECONDS = 10.0


class Outage(LocalFolder):
    """A store that answers once the outage is over, and counts what it was asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.over = threading.Event()
        self.puts = 0
        self.refusal: Exception | None = None

    def put(self, key: str, data: bytes) -> None:
        self.puts += 1
        self.over.wait(PATIENCE_SECONDS)
        if self.refusal is not None:
            raise self.refusal
        super().put(key, data)


def test_an_outage_holds_nobody_up_and_the_newest_state_is_what_arrives(tmp_path: Path) -> None:
    store = Outage(tmp_path)
    metrics = MetricsLog(store, [])
    begun = time.monotonic()
    for step in range(50):
        metrics.append(f'{{"step": {step}}}')
        metrics.upload_beside()
    assert time.monotonic() - begun < 1
    store.over.set()
    assert metrics.flush(PATIENCE_SECONDS)
    assert (tmp_path / METRICS_KEY).read_text().split("\n") == [f'{{"step": {step}}}' for step in range(50)]
    assert store.puts <= 3  # the one that was held up, one that waited behind it, the last


def test_a_flush_gives_up_when_its_time_is_over_and_says_so(tmp_path: Path) -> None:
    store = Outage(tmp_path)
    metrics = MetricsLog(store, ['{"step": 1}'])
    assert not metrics.flush(seconds=0.05)
    store.over.set()


AWAY = TrainerFailure(ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the store is away")


@pytest.mark.parametrize("refusal", [AWAY, OSError(28, "No space left on device")], ids=["the store", "the disk"])
def test_a_log_that_cannot_be_written_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refusal: Exception
) -> None:
    store = Outage(tmp_path)
    store.over.set()
    store.refusal = refusal
    assert not MetricsLog(store, ['{"step": 1}']).flush(PATIENCE_SECONDS)
    assert f"metrics were not uploaded: {refusal}" in capsys.readouterr().out


def test_a_failed_upload_is_told_and_the_next_one_has_its_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Outage(tmp_path)
    store.over.set()
    store.refusal = AWAY
    metrics = MetricsLog(store, [])
    metrics.append('{"step": 1}')
    metrics.upload_beside()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (said := capsys.readouterr().out) == "" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "the store is away" in said
    store.refusal = None
    assert metrics.flush(PATIENCE_SECONDS)
    assert (tmp_path / METRICS_KEY).read_text() == '{"step": 1}'


def resumed_lines(store: LocalFolder, last_step: int) -> list[str]:
    """What a log that goes on from there writes of the attempts before it."""
    metrics = resumed_metrics(store, last_step)
    assert metrics.flush(PATIENCE_SECONDS)
    text = store.read(METRICS_KEY, 1 << 20).decode()
    return text.split("\n") if text else []


def test_lines_of_steps_that_are_trained_again_are_left_out(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    store.put(METRICS_KEY, b'{"step": 1}\n{"step": 2}\n{"step": 3}')
    assert resumed_lines(store, last_step=2) == ['{"step": 1}', '{"step": 2}']
    assert resumed_lines(LocalFolder(tmp_path / "empty"), last_step=2) == []


@pytest.mark.parametrize(
    "line", [b'{"step": 2, "lo', b"", b"[]", b'{"loss": 1}', b'{"step": null}', b'{"step": "x"}', b"\xff\xfe", b"7"], ids=repr
)
def test_a_line_that_cannot_be_read_is_left_out_and_the_run_goes_on(tmp_path: Path, line: bytes) -> None:
    store = LocalFolder(tmp_path)
    store.put(METRICS_KEY, b'{"step": 1}\n' + line)
    assert resumed_lines(store, last_step=2) == ['{"step": 1}']


def test_a_log_too_long_to_read_stays_as_it_is_and_another_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sft_trainer.publish.metrics.MAX_METRICS_BYTES", 10)
    store = LocalFolder(tmp_path)
    store.put(METRICS_KEY, b'{"step": 1, "loss": 2}')
    metrics = resumed_metrics(store, last_step=400)
    metrics.append('{"step": 401}')
    assert metrics.flush(PATIENCE_SECONDS)
    assert (tmp_path / METRICS_KEY).read_text() == '{"step": 1, "loss": 2}'
    assert (tmp_path / "metrics-after-step-400.jsonl").read_text() == '{"step": 401}'
