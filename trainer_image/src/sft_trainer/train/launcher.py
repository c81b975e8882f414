"""PID 1 of a training pod: starts the training process, passes SIGTERM on, serves progress, and says how it ended.

It stays small on purpose: when the kernel kills the training process for its memory, this one is left to say so. It never
imports torch.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

from sft_trainer import pod, progress
from sft_trainer.contract import ExitCode, Reason, RunConfig, Sample, TerminationMessage, TrainResult
from sft_trainer.failure import Preempted, TrainerFailure, invalid
from sft_trainer.store.object_store import ObjectStore, ObjectTooLarge, open_store
from sft_trainer.train.messages import SHOWN_SAMPLES, completed
from sft_trainer.train.rank import BEGIN, MESSAGE_FILE

KILLED = 128
"""A process killed by signal n is told as exit code 128 + n, as shells and the kubelet do."""
RANK = ("-m", "sft_trainer.train.rank")
THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait for each other sleep. Spinning gains nothing on cores of one's own, and on cores that other pods share, or
that a CPU limit takes away, the one who spins keeps the other from working: steps took three to five times as long."""
DEVICES = Path("/dev")
GPU_FILES = ("nvidia[0-9]*", "dri/renderD*")
"""The pod's GPUs, as the container runtime shows those of NVIDIA and of AMD."""
GPU_VARIABLE = "CUDA_VISIBLE_DEVICES"
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
    # Until training takes the signal over: what runs till then has nothing to save, and transfers that nobody should wait for.
    pod.stop_at_sigterm(config.attempt, config.output)
    with training_process(config_path) as process:
        message = pod.run_to_the_end(lambda: find_finished(config, scratch) or train(config, process, scratch), config.attempt)
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
        samples=_shown_samples(store),
    )
    return completed(config, result, Reason.ALREADY_COMPLETED)


def _shown_samples(store: ObjectStore) -> list[Sample]:
    """Of a finished run; one whose samples cannot be read has finished all the same."""
    from sft_trainer.train.sampling import load_samples

    try:
        return load_samples(store)[:SHOWN_SAMPLES]
    except (TrainerFailure, ObjectTooLarge, ValueError) as error:
        print(f"the samples of the finished run are not shown: {str(error)[:300]}", flush=True)
        return []


@contextmanager
def training_process(config_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process that will train. It imports what it needs and waits for a word: meanwhile it is found out whether there is
    anything to train. Nothing of it is left afterwards."""
    command = [sys.executable, "-u", *RANK, str(config_path)]
    process = subprocess.Popen(command, env=THREADS | os.environ | one_gpu(), stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def one_gpu() -> dict[str, str]:
    """Lets the training process see one GPU. Given several, one process would train on all of them by torch's DataParallel: with
    a batch so many times as large as the one that was planned, and most of their work wasted."""
    found = max(len(list(DEVICES.glob(pattern))) for pattern in GPU_FILES)
    if found > 1:
        text = f"this pod has {found} GPUs, and one of them is used: a run trains in one process; take a profile with one GPU"
        print(text, file=sys.stderr, flush=True)
    return {GPU_VARIABLE: os.environ.get(GPU_VARIABLE, "0").split(",")[0]}


def train(config: RunConfig, process: subprocess.Popen[bytes], scratch: Path) -> TerminationMessage:
    """Lets the training process begin and waits for it; a SIGTERM that comes meanwhile is the process's to answer."""
    kills_before = oom_kills()

    def forward(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGTERM, forward)
    process.communicate(BEGIN)
    code = process.returncode
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
    # Code 0 is a run with its artifact; a library that ends the process has none.
    exit_code = KILLED - code if code < 0 else code or pod.CRASHED
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
