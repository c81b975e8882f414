"""PID 1 tells how training ended, also when the training process no longer can."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from sft_trainer import pod
from sft_trainer.contract import CONTRACT_VERSION, ExitCode, Reason, StorePrefix, TerminationMessage
from sft_trainer.failure import TrainerFailure
from sft_trainer.progress import ProgressWriter
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.store.manifest import publish_folder
from sft_trainer.train import launcher
from tests.unit.trainer.train.runs import run_config

CGROUP_V2 = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"
CGROUP_V1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"


@pytest.fixture
def own_handler() -> Iterator[None]:
    """This process's handler of SIGTERM is its own again afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def trained(code: str, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> TerminationMessage:
    """What the launcher says of a real training process that runs this code instead."""
    monkeypatch.setattr(launcher, "RANK", ("-c", code))
    with launcher.training_process(scratch / "config.json") as process:
        return launcher.train(run_config("/folder"), process, scratch)


@pytest.mark.parametrize("counters", [CGROUP_V2, CGROUP_V1], ids=["cgroup v2", "cgroup v1"])
def test_kills_for_memory_are_read_from_the_cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counters: str) -> None:
    (tmp_path / "counters").write_text(counters)
    monkeypatch.setattr(launcher, "OOM_COUNTERS", (tmp_path / "absent", tmp_path / "counters"))
    assert launcher.oom_kills() == 2


def test_a_machine_without_these_counters_shows_no_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "OOM_COUNTERS", (tmp_path / "absent",))
    monkeypatch.setattr(launcher, "LIMIT_COUNTER", tmp_path / "absent")
    assert launcher.oom_kills() == 0


def test_an_old_kernel_counts_how_often_the_limit_was_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "oom_control").write_text("oom_kill_disable 0\nunder_oom 0\n")
    (tmp_path / "failcnt").write_text("17\n")
    monkeypatch.setattr(launcher, "OOM_COUNTERS", (tmp_path / "absent", tmp_path / "oom_control"))
    monkeypatch.setattr(launcher, "LIMIT_COUNTER", tmp_path / "failcnt")
    assert launcher.oom_kills() == 17


@pytest.mark.parametrize(
    ("kills", "ending", "expected"),
    [
        (3, "os.kill(os.getpid(), 9)", Reason.OUT_OF_MEMORY),
        (2, "os.kill(os.getpid(), 9)", Reason.INTERNAL_ERROR),
        (3, "sys.exit(7)", Reason.INTERNAL_ERROR),
    ],
    ids=["killed, and the counter rose", "killed, and the counter stood still", "ended by itself, and another was killed"],
)
@pytest.mark.usefixtures("own_handler")
def test_only_a_kill_that_the_cgroup_counted_is_out_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int, ending: str, expected: Reason
) -> None:
    """A real child, which does to itself what the kernel would."""
    counters = tmp_path / "memory.events"
    counters.write_text("oom_kill 2\n")
    monkeypatch.setattr(launcher, "OOM_COUNTERS", (counters,))
    code = f"import os, sys; open({str(counters)!r}, 'w').write('oom_kill {kills}'); {ending}"
    assert trained(code, tmp_path, monkeypatch).reason is expected


def test_a_process_killed_for_its_memory_is_told_as_out_of_memory() -> None:
    message = launcher.died(run_config("/folder"), -9, killed_for_memory=True)
    assert message.exit_code == ExitCode.OUT_OF_MEMORY  # 137 would be tried again
    assert message.reason is Reason.OUT_OF_MEMORY
    assert "microBatchSize" in message.remedy


def test_a_process_killed_by_another_hand_is_told_by_its_signal() -> None:
    message = launcher.died(run_config("/folder"), -9, killed_for_memory=False)
    assert message.exit_code == 137
    assert message.reason is Reason.INTERNAL_ERROR
    assert "signal 9" in message.message


def test_a_failure_says_how_far_the_attempt_came(tmp_path: Path) -> None:
    ProgressWriter(tmp_path).update(step=14, total_steps=36, last_committed_step=12)
    killed = launcher.died(run_config("/folder"), -9, killed_for_memory=False)
    train = launcher.with_progress(killed, tmp_path).train
    assert train is not None
    assert (train.last_committed_step, train.total_steps) == (12, 36)


def seen_by_training(variable: str, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An environment variable of the training process."""
    seen = scratch / "seen"
    trained(f"import os; open({str(seen)!r}, 'w').write(os.environ[{variable!r}])", scratch, monkeypatch)
    return seen.read_text()


@pytest.mark.usefixtures("own_handler")
@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")], ids=["by default", "as it was told"])
def test_waiting_threads_sleep_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, expected: str
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    assert seen_by_training("OMP_WAIT_POLICY", tmp_path, monkeypatch) == expected


@pytest.mark.usefixtures("own_handler")
@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, "0"), ("2,3", "2"), ("GPU-1a,GPU-2b", "GPU-1a"), ("1", "1"), ("", "")],
    ids=["nothing said", "two", "two by their UUIDs", "one", "none"],
)
def test_a_training_process_sees_one_gpu_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, expected: str
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if given is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert seen_by_training("CUDA_VISIBLE_DEVICES", tmp_path, monkeypatch) == expected


@pytest.mark.parametrize(("devices", "told"), [(1, ""), (4, "this pod has 4 GPUs, and one of them is used")])
def test_gpus_that_lie_idle_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], devices: int, told: str
) -> None:
    for number in range(devices):
        (tmp_path / f"nvidia{number}").touch()
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr(launcher, "DEVICES", tmp_path)
    launcher.one_gpu()
    said = capsys.readouterr().err
    assert told in said if told else said == ""


@pytest.mark.usefixtures("own_handler")
def test_a_training_process_that_ends_well_without_a_message_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = trained("import sys; sys.exit(0)", tmp_path, monkeypatch)
    assert (message.exit_code, message.reason) == (pod.CRASHED, Reason.INTERNAL_ERROR)
    assert "ended with code 0 and left no message" in message.message


def test_a_training_process_that_is_not_wanted_is_gone_at_once(tmp_path: Path) -> None:
    begun = time.monotonic()
    with launcher.training_process(tmp_path / "config.json") as process:
        assert process.poll() is None
    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() - begun < 5


def test_a_training_process_whose_launcher_is_gone_ends_without_training(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(run_config(tmp_path).to_json())
    environment = os.environ | {"SFT_SCRATCH": str(tmp_path / "scratch")}
    command = [sys.executable, "-m", "sft_trainer.train.rank", str(config)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, env=environment, check=False, timeout=60)
    assert done.returncode == 0
    assert list((tmp_path / "scratch").iterdir()) == []


class HangingStore:
    """An S3 endpoint that never answers a read; exit records it takes."""

    def __init__(self) -> None:
        self.asked = Event()
        self.records: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.set()
                time.sleep(30)

            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                outer.records.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, daemon=True).start()


def test_sigterm_while_a_finished_run_is_looked_for_ends_the_pod_at_once(tmp_path: Path) -> None:
    store = HangingStore()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (tmp_path / name).write_text("key-of-the-test")
    output = StorePrefix(
        uri="s3://out/run/", endpoint=f"http://127.0.0.1:{store.server.server_port}", credentials_path=str(tmp_path)
    )
    config = tmp_path / "config.json"
    config.write_text(run_config(tmp_path).model_copy(update={"output": output}).to_json())
    settings = {"SFT_SCRATCH": str(tmp_path / "scratch"), "SFT_POD_UID": "0a1b2c3d-x", "SFT_PROGRESS_PORT": "0"}
    command = [sys.executable, "-m", "sft_trainer", "train", "--config", str(config)]
    process = subprocess.Popen(command, env=os.environ | settings, stderr=subprocess.PIPE, text=True)
    assert store.asked.wait(30)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - begun < 5
    assert process.returncode == ExitCode.PREEMPTED
    assert '"reason":"Preempted"' in errors
    assert [path for path in store.records if path.startswith("/out/run/exits/a1-0a1b2c3d.json")]
    store.server.shutdown()
    store.server.server_close()


def publish_artifact(root: Path, **about: object) -> LocalFolder:
    """The store of a run that finished after 12 steps."""
    made, store = root / "made", LocalFolder(root / "out")
    made.mkdir()
    (made / "adapter_model.safetensors").write_bytes(b"weights")
    publish_folder(store, made, "Adapter", {"steps": 12, "trainLoss": 0.5, **about}, "artifact/", is_fenced=True)
    return store


@pytest.mark.parametrize(
    "content", [b"", b'{"prompt": "p"}', b"\xff", b"x" * 200], ids=["empty", "a field lacks", "no text", "too long"]
)
def test_a_finished_run_is_recognised_whatever_became_of_its_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    monkeypatch.setattr("sft_trainer.train.sampling.MAX_SAMPLES_BYTES", 100)
    publish_artifact(tmp_path).put("samples.jsonl", content)
    found = launcher.find_finished(run_config(tmp_path), tmp_path)
    assert found is not None
    assert found.reason is Reason.ALREADY_COMPLETED
    assert "the samples of the finished run are not shown" in capsys.readouterr().out


def test_a_damaged_artifact_ends_the_run_before_it_trains(tmp_path: Path) -> None:
    store = publish_artifact(tmp_path)
    store.put("artifact/MANIFEST.json", b"{")
    with pytest.raises(TrainerFailure, match=r"artifact/ is damaged: .*MANIFEST\.json cannot be read") as caught:
        launcher.find_finished(run_config(tmp_path), tmp_path)
    assert caught.value.exit_code == ExitCode.CHECKPOINT_UNUSABLE
    assert "restore" in caught.value.remedy


@pytest.mark.parametrize(("checkpoint", "is_made_again"), [(None, False), (8, False), (12, True)])
def test_an_artifact_that_lost_a_file_is_made_again_only_from_its_last_checkpoint(
    tmp_path: Path, checkpoint: int | None, is_made_again: bool
) -> None:
    store = publish_artifact(tmp_path)
    (weights,) = (tmp_path / "out").rglob("adapter_model.safetensors")
    weights.unlink()
    if checkpoint is not None:
        store.put(f"checkpoints/step-{checkpoint:08d}-a1-local/MANIFEST.json", b"{}")
    if is_made_again:
        assert launcher.find_finished(run_config(tmp_path), tmp_path) is None
    else:
        with pytest.raises(TrainerFailure, match="is damaged"):
            launcher.find_finished(run_config(tmp_path), tmp_path)


def test_the_launcher_imports_no_torch() -> None:
    """It must answer within a second, and stay small beside a process that fills the memory."""
    heavy = ("torch", "transformers", "pyarrow", "numpy")
    code = f"import sys, sft_trainer.train.launcher; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_config_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"contractVersion": CONTRACT_VERSION, "kind": "Run"}))
    done = subprocess.run(
        [sys.executable, "-m", "sft_trainer", "train", "--config", str(config)], capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.INVALID
    assert '"reason":"InvalidConfig"' in done.stderr
