"""Progress is told by the training process and read by whoever polls, from the first second."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from sft_trainer import progress
from sft_trainer.contract import Phase, Progress
from sft_trainer.progress import PORT_VARIABLE, ProgressWriter, as_metrics, read_progress, serve


def test_a_pod_that_has_just_started_says_so(tmp_path: Path) -> None:
    found = read_progress(tmp_path)
    assert (found.phase, found.step, found.total_steps) == (Phase.STARTING, 0, 0)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    ProgressWriter(tmp_path).update(phase=Phase.TRAINING, step=3, total_steps=12, loss=0.5)
    found = read_progress(tmp_path)
    assert (found.phase, found.step, found.total_steps, found.loss) == (Phase.TRAINING, 3, 12, 0.5)


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), float("-inf")], ids=["not a number", "infinite", "minus infinite"])
def test_a_figure_that_is_not_finite_leaves_the_last_one_standing(tmp_path: Path, loss: float) -> None:
    writer = ProgressWriter(tmp_path)
    writer.update(loss=0.5)
    writer.update(step=2, loss=loss)
    assert (read_progress(tmp_path).step, read_progress(tmp_path).loss) == (2, 0.5)


def test_a_half_written_file_is_never_seen(tmp_path: Path) -> None:
    ProgressWriter(tmp_path).update(step=1)
    (tmp_path / "progress.part").write_text('{"podUid": "')
    assert read_progress(tmp_path).step == 1


def test_a_connection_that_says_nothing_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORT_VARIABLE, "0")
    monkeypatch.setattr(progress, "REQUEST_SECONDS", 0.2)
    server = serve(tmp_path)
    assert server is not None
    try:
        with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=10) as silent:
            assert silent.recv(1) == b""
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv(PORT_VARIABLE, "0")
    server = serve(tmp_path)
    assert server is not None
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def test_progress_is_served_as_the_contract_says(tmp_path: Path, port: int) -> None:
    ProgressWriter(tmp_path).update(phase=Phase.TRAINING, step=4, total_steps=12)
    status, body = get(port, "/v1/progress")
    assert status == 200
    assert Progress.model_validate_json(body).step == 4
    assert json.loads(body)["totalSteps"] == 12


def test_metrics_are_served_to_prometheus(tmp_path: Path, port: int) -> None:
    ProgressWriter(tmp_path).update(step=4, total_steps=12)
    assert "# TYPE sft_step gauge\nsft_step 4\n" in get(port, "/metrics")[1]


@pytest.mark.parametrize("path", ["/", "/etc/passwd", "/v1/progress/../../etc/passwd"])
def test_a_path_that_is_none_is_not_found(port: int, path: str) -> None:
    assert get(port, path)[0] == 404


def test_metrics_leave_out_what_is_not_known(tmp_path: Path) -> None:
    assert "sft_loss" not in as_metrics(read_progress(tmp_path))


def test_a_run_whose_port_is_taken_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        monkeypatch.setenv(PORT_VARIABLE, str(taken.getsockname()[1]))
        assert serve(tmp_path) is None
    assert "progress is not served" in capsys.readouterr().err
