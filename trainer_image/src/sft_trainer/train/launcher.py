"""PID 1 of a training pod: starts the training process, passes SIGTERM on, serves progress, and says how it ended.

It stays small on purpose: when the kernel kills the training process for its memory, this one is left to say so. It never
imports torch.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

from sft_trainer import pod, progress
from sft_trainer.contract import ExitCode, Reason, RunConfig, TerminationMessage, TrainResult
from sft_trainer.failure import Preempted, TrainerFailure, invalid
from sft_trainer.store.object_store import open_store
from sft_trainer.train.messages import SHOWN_SAMPLES, completed
from sft_trainer.train.rank import MESSAGE_FILE

KILLED = 128
"""A process killed by signal n is told as exit code 128 + n, as shells and the kubelet do."""
RANK = ("-m", "sft_trainer.train.rank")
THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait for each other sleep. Spinning gains nothing on cores of one's own, and on cores that other pods share, or
that a CPU limit takes away, the one who spins keeps the other from working: steps took three to five times as long."""
OOM_COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control"))
"""Where cgroup v2 and v1 count kills for memory."""
LIMIT_COUNTER = Path("/sys/fs/cgroup/memory/memory.failcnt")
"""Where cgroup v1 counts how often its limit was met."""


def launch(config_path: Path) -> int:
    """Runs one attempt; returns the pod's exit code."""
    try:
        config = pod.load_config(config_path)
    except TrainerFailure as failure:
        return pod.finish(pod.failed(failure, attempt=0), None)
    if not isinstance(config, RunConfig):
        wrong = invalid(Reason.INVALID_CONFIG, f"the config is a {config.kind}, the command is train", "report this")
        return pod.finish(pod.failed(wrong, config.attempt), None)
    scratch = pod.scratch_folder()
    (scratch / MESSAGE_FILE).unlink(missing_ok=True)
    progress.serve(scratch)
    message = pod.run_to_the_end(lambda: find_finished(config, scratch) or train(config, config_path, scratch), config.attempt)
    return pod.finish(with_progress(message, scratch), config.output)


def with_progress(message: TerminationMessage, scratch: Path) -> TerminationMessage:
    """A failure also says how far it came: the next attempt must find what was committed."""
    if message.train is not None:
        return message
    reached = progress.read_progress(scratch)
    result = TrainResult(
        last_committed_step=reached.last_committed_step, total_steps=reached.total_steps, first_step_at=reached.first_step_at
    )
    return message.model_copy(update={"train": result})


def find_finished(config: RunConfig, scratch: Path) -> TerminationMessage | None:
    """The message of a run whose artifact stands already: nothing is trained twice."""
    from sft_trainer.publish.adapter import find_artifact
    from sft_trainer.train.sampling import load_samples

    store = open_store(config.output)
    found = find_artifact(store, scratch)
    if found is None:
        return None
    artifact, manifest = found
    about = manifest.about
    result = TrainResult(
        last_committed_step=int(about["steps"]),
        total_steps=int(about["steps"]),
        train_loss=about.get("trainLoss"),
        eval_loss=about.get("evalLoss"),
        trained_tokens=about.get("trainedTokens"),
        artifact=artifact,
        samples=load_samples(store)[:SHOWN_SAMPLES],
    )
    return completed(config, result, Reason.ALREADY_COMPLETED)


def train(config: RunConfig, config_path: Path, scratch: Path) -> TerminationMessage:
    """Starts the training process and waits for it; a SIGTERM that comes meanwhile is the process's to answer."""
    kills_before = oom_kills()
    process = subprocess.Popen([sys.executable, "-u", *RANK, str(config_path)], env=THREADS | os.environ)

    def forward(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGTERM, forward)
    code = process.wait()
    try:
        return TerminationMessage.model_validate_json((scratch / MESSAGE_FILE).read_text())
    except (FileNotFoundError, ValidationError):
        if code == -signal.SIGTERM:  # it came before the process had a handler
            raise Preempted from None
        # The launcher never sends SIGKILL: with a new kill in the counters, it was the kernel's.
        return died(config, code, killed_for_memory=code == -signal.SIGKILL and oom_kills() > kills_before)


def oom_kills() -> int:
    """How many processes of this pod the kernel killed for their memory; before Linux 4.13, how often the limit was met."""
    for file in OOM_COUNTERS:
        counters = dict(line.split()[:2] for line in _lines(file) if len(line.split()) >= 2)
        if "oom_kill" in counters:
            return int(counters["oom_kill"])
    return int(next(iter(_lines(LIMIT_COUNTER)), 0))


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def died(config: RunConfig, code: int, *, killed_for_memory: bool) -> TerminationMessage:
    """The message of a training process that could not write one itself."""
    exit_code = KILLED - code if code < 0 else code
    if killed_for_memory:
        # A code of our own: of 137 alone nobody could tell that another attempt would end the same way.
        exit_code, reason = int(ExitCode.OUT_OF_MEMORY), Reason.OUT_OF_MEMORY
        text = "the kernel killed the training process: it needed more memory than the profile gives"
        remedy = "lower microBatchSize or maxSequenceLength, or take a profile with more memory; then raise spec.run"
    else:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        reason, text = Reason.INTERNAL_ERROR, f"the training process {how} and left no message"
        remedy = "it is tried again from the last checkpoint; if it stays, report it with the pod's log"
    message = pod.failed(TrainerFailure(ExitCode.DONE, reason, text, remedy), config.attempt)
    return message.model_copy(update={"exit_code": exit_code})
