"""However a pod ends, it says so: in the termination log, in the store, and by its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from sft_trainer import __main__ as entry
from sft_trainer import pod, termination
from sft_trainer.contract import CONTRACT_VERSION, ExitCode, Reason, StorePrefix, TerminationMessage
from sft_trainer.failure import Preempted, TrainerFailure, invalid

POD_UID = "0a1b2c3d-4e5f-6789"


class Pod:
    """A pod's files in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.json"
        self.log = folder / "termination-log"
        self.log.touch()

    def write_config(self, **changes: Any) -> None:
        rows = "\n".join(json.dumps({"prompt": f"q{number}", "completion": f"a{number}"}) for number in range(20))
        fields: dict[str, Any] = {
            "kind": "Prepare",
            "contractVersion": CONTRACT_VERSION,
            "owner": {"namespace": "team", "name": "faq", "uid": "u"},
            "attempt": 3,
            "sources": [{"name": "faq", "inline": rows}],
            "evalPercent": 10,
            "gates": {"maxRejectPercent": 10, "minRows": 1},
            "versions": {"uri": f"file://{self.folder}/versions/"},
            "run": {"uri": f"file://{self.folder}/run/"},
        }
        self.config.write_text(json.dumps(fields | changes))

    def message(self) -> TerminationMessage:
        return TerminationMessage.model_validate_json(self.log.read_text())

    def exit_record(self) -> TerminationMessage:
        return TerminationMessage.model_validate_json((self.folder / "run" / "exits" / "a3-0a1b2c3d.json").read_text())


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pod:
    box = Pod(tmp_path)
    box.write_config()
    monkeypatch.setenv("SFT_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setenv("SFT_POD_UID", POD_UID)
    monkeypatch.setattr(pod, "write_termination_log", lambda message: termination.write_termination_log(message, box.log))
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)  # this process's own handlers stay as they are
    return box


def test_a_pod_that_is_done_says_what_it_made(box: Pod) -> None:
    assert entry.run_command("prepare", box.config) == ExitCode.DONE
    message = box.message()
    assert message.reason is Reason.COMPLETED
    assert (message.attempt, message.pod_uid) == (3, POD_UID)
    assert message.prepare is not None
    assert message.prepare.train_rows + message.prepare.eval_rows == 20
    assert box.exit_record() == message


def test_a_pod_that_fails_says_why_and_what_to_do(box: Pod) -> None:
    box.write_config(sources=[{"name": "faq", "store": {"uri": f"file://{box.folder}/nothing.jsonl"}}])
    assert entry.run_command("prepare", box.config) == ExitCode.INVALID
    message = box.message()
    assert message.reason is Reason.SOURCE_NOT_FOUND
    assert "nothing.jsonl" in message.message
    assert message.remedy
    assert box.exit_record() == message


def test_a_refused_dataset_brings_its_accounting_and_its_first_rejects(box: Pod) -> None:
    box.write_config(sources=[{"name": "faq", "inline": '{"prompt":" ","completion":"a"}\n' * 9}])
    assert entry.run_command("prepare", box.config) == ExitCode.INVALID
    message = box.message()
    assert message.reason is Reason.NO_ROWS_KEPT
    assert message.accounting is not None
    assert message.accounting.rejected == {"EmptyPrompt": 9}
    assert [row.line for row in message.rejects] == [1, 2, 3, 4, 5]
    assert message.report_uri is not None
    assert Path(message.report_uri.removeprefix("file://")).is_file()


@pytest.mark.parametrize(
    ("changes", "reason", "told"),
    [
        (
            {"contractVersion": CONTRACT_VERSION + 1, "somethingNew": 1},
            Reason.CONTRACT_MISMATCH,
            f"contract version {CONTRACT_VERSION + 1}, this image speaks {CONTRACT_VERSION}",
        ),
        ({"evalPercent": 70}, Reason.INVALID_CONFIG, "evalPercent"),
        ({"unknown": 1}, Reason.INVALID_CONFIG, "unknown"),
        ({"kind": "Plan"}, Reason.INVALID_CONFIG, "Plan"),
        ({"kind": "Other"}, Reason.INVALID_CONFIG, "kind"),
        ({"contractVersion": "x"}, Reason.INVALID_CONFIG, "contractVersion"),
    ],
    ids=["a newer contract", "a value out of bounds", "an unknown field", "missing fields", "an unknown kind", "no version"],
)
def test_a_config_that_cannot_be_used_names_what_is_wrong(box: Pod, changes: dict[str, Any], reason: Reason, told: str) -> None:
    box.write_config(**changes)
    assert entry.run_command("prepare", box.config) == ExitCode.INVALID
    assert box.message().reason is reason
    assert told in box.message().message


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"[]", b"{"], ids=repr)
def test_a_config_that_is_none_is_refused_by_its_path(box: Pod, content: bytes | None) -> None:
    box.config.unlink()
    if content is not None:
        box.config.write_bytes(content)
    assert entry.run_command("prepare", box.config) == ExitCode.INVALID
    assert box.message().reason is Reason.INVALID_CONFIG
    assert str(box.config) in box.message().message


def test_a_command_for_another_kind_of_config_is_refused(box: Pod) -> None:
    assert entry.run_command("plan", box.config) == ExitCode.INVALID
    assert "the config is a Prepare, the command is plan" in box.message().message


def test_an_error_that_nobody_foresaw_keeps_its_place_and_its_traceback(
    box: Pod, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(config: object, scratch: Path) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("sft_trainer.data.prepare.prepare", broken)
    assert entry.run_command("prepare", box.config) == pod.CRASHED
    assert box.message().reason is Reason.INTERNAL_ERROR
    assert "KeyError in test_pod.py line" in box.message().message
    assert "Traceback" in capsys.readouterr().err


def test_a_secret_in_an_unforeseen_error_is_taken_out_of_message_and_log(
    box: Pod, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = box.folder / "credentials" / "s3-keys"
    secret.mkdir(parents=True)
    (secret / "AWS_SECRET_ACCESS_KEY").write_text("canary-7f3a9b2e\n")
    real = termination.without_secrets
    monkeypatch.setattr(pod, "without_secrets", lambda text: real(text, secret.parent))

    def broken(config: object, scratch: Path) -> None:
        raise ValueError("Invalid header value b'canary-7f3a9b2e'")

    monkeypatch.setattr("sft_trainer.data.prepare.prepare", broken)
    entry.run_command("prepare", box.config)
    assert "[secret]" in box.message().message
    output = capsys.readouterr()
    assert "canary" not in box.log.read_text() + output.err + output.out


def test_a_secret_in_what_a_failure_quotes_is_taken_out(box: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = box.folder / "credentials" / "s3-keys"
    secret.mkdir(parents=True)
    (secret / "AWS_SECRET_ACCESS_KEY").write_text("canary-7f3a9b2e\n")
    real = termination.without_secrets
    monkeypatch.setattr(pod, "without_secrets", lambda text: real(text, secret.parent))
    said = pod.failed(invalid(Reason.INVALID_CONFIG, "Invalid header b'canary-7f3a9b2e'", "drop canary-7f3a9b2e"), attempt=1)
    assert (said.message, said.remedy) == ("Invalid header b'[secret]'", "drop [secret]")


def test_an_exit_record_that_fails_in_an_unforeseen_way_is_told_in_one_line(
    box: Pod, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(prefix: object) -> None:
        raise RuntimeError("surprise")

    monkeypatch.setattr("sft_trainer.store.object_store.open_store", broken)
    termination.write_exit_record(StorePrefix(uri=f"file://{box.folder}/run/"), pod.preempted(1))
    assert capsys.readouterr().err == "exit record not written: surprise\n"


def test_a_store_that_cannot_be_written_leaves_the_failure_the_message(box: Pod) -> None:
    box.write_config(
        sources=[{"name": "faq", "store": {"uri": f"file://{box.folder}/nothing.jsonl"}}],
        run={"uri": "s3://bucket/x/", "endpoint": "-"},
    )
    assert entry.run_command("prepare", box.config) == ExitCode.INVALID
    assert box.message().reason is Reason.SOURCE_NOT_FOUND


def test_the_exit_record_is_given_up_when_the_store_hangs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (tmp_path / name).write_text("key-of-the-test")
    released = Event()

    class Silent(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            released.wait(20)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        records = StorePrefix(
            uri="s3://bucket/x/", endpoint=f"http://127.0.0.1:{server.server_port}", credentials_path=str(tmp_path)
        )
        begun = time.monotonic()
        termination.write_exit_record(records, pod.preempted(1), seconds=0.5)
        assert time.monotonic() - begun < 3
        released.set()
        server.shutdown()
    assert "exit record not written within" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "exit_code", "reason"),
    [
        (invalid(Reason.SOURCE_EMPTY, "m"), ExitCode.INVALID, Reason.SOURCE_EMPTY),
        (TrainerFailure(ExitCode.STORE_DENIED, Reason.STORE_FULL, "m"), 15, Reason.STORE_FULL),
        (Preempted(), ExitCode.PREEMPTED, Reason.PREEMPTED),
        (RuntimeError("m"), 1, Reason.INTERNAL_ERROR),
    ],
    ids=["a failure of the input", "a failure of the store", "a signal", "anything else"],
)
def test_whatever_happens_becomes_a_message(raised: BaseException, exit_code: int, reason: Reason) -> None:
    def work() -> TerminationMessage:
        raise raised

    message = pod.run_to_the_end(work, attempt=2)
    assert (message.exit_code, message.reason, message.attempt) == (exit_code, reason, 2)


class SlowSource:
    """An S3 endpoint that takes requests for objects and never answers them; exit records it takes."""

    def __init__(self) -> None:
        self.asked = Event()
        self.records: dict[str, bytes] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                outer.asked.set()
                time.sleep(30)

            def do_PUT(self) -> None:
                outer.records[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


def test_a_terminated_preparation_stops_at_once_and_leaves_its_record(tmp_path: Path) -> None:
    store = SlowSource()
    box = Pod(tmp_path)
    keys = tmp_path / "keys"
    keys.mkdir()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (keys / name).write_text("canary-of-the-test")
    place = {"endpoint": store.endpoint, "credentialsPath": str(keys)}
    box.write_config(
        sources=[{"name": "faq", "store": {"uri": "s3://raw/faq.jsonl"} | place}], run={"uri": "s3://out/run/"} | place
    )
    environment = os.environ | {"SFT_SCRATCH": str(tmp_path / "scratch"), "SFT_POD_UID": POD_UID}
    command = [sys.executable, "-m", "sft_trainer", "prepare", "--config", str(box.config)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert store.asked.wait(30)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - begun < 5
    assert process.returncode == ExitCode.PREEMPTED
    assert '"reason":"Preempted"' in errors
    assert [path for path in store.records if path.startswith("/out/run/exits/a3-0a1b2c3d.json")]
    assert "canary" not in errors
    store.server.shutdown()
    store.server.server_close()


def test_a_signal_before_the_config_is_read_ends_the_pod_as_preempted(tmp_path: Path) -> None:
    """The config is a pipe that nobody writes: the pod has its handler, and waits."""
    os.mkfifo(tmp_path / "config.json")
    command = [sys.executable, "-m", "sft_trainer", "prepare", "--config", str(tmp_path / "config.json")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    status = Path(f"/proc/{process.pid}/status")
    handles_sigterm = 1 << (signal.SIGTERM - 1)
    deadline = time.monotonic() + 20
    while not int(status.read_text().split("SigCgt:")[1].split()[0], 16) & handles_sigterm:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == ExitCode.PREEMPTED, errors
