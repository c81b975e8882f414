"""`python -m sft_trainer.train.rank`: the process that trains. The launcher starts it and is the only one to do so."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from sft_trainer import pod
from sft_trainer.contract import ExitCode, Reason, RunConfig, TerminationMessage
from sft_trainer.failure import TrainerFailure
from sft_trainer.progress import read_progress
from sft_trainer.train.messages import stopped_at_once
from sft_trainer.train.signals import StopRequest

MESSAGE_FILE = "termination.json"
BEGIN = b"begin\n"
"""What the launcher writes to this process's standard input once it knows that there is something to train."""


def attempt(config: RunConfig, scratch: Path, stop: StopRequest) -> TerminationMessage:
    """One attempt; out of memory is told as such."""
    from sft_trainer.train.run import Attempt

    try:
        return Attempt(config, scratch, stop).run()
    except Exception as error:
        if is_out_of_memory(error):
            raise out_of_memory(config, error) from error
        raise


def is_out_of_memory(error: Exception) -> bool:
    """torch's own error for the GPU, Python's for the host, and what torch's CPU allocator says."""
    return type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError) or "can't allocate memory" in str(error)


def out_of_memory(config: RunConfig, error: Exception) -> TrainerFailure:
    """Names the settings that decide how much is needed."""
    settings = config.training
    return TrainerFailure(
        ExitCode.OUT_OF_MEMORY,
        Reason.OUT_OF_MEMORY,
        f"out of memory with microBatchSize {settings.micro_batch_size} and maxSequenceLength {settings.max_sequence_length}: "
        f"{str(error).splitlines()[0][:200]}",
        "halve microBatchSize and double gradientAccumulationSteps (the result stays the same), or take a larger profile; "
        "then raise spec.run",
    )


def main(config_path: Path) -> NoReturn:
    """Leaves its message beside the progress file; the launcher hands it on."""
    config = pod.load_config(config_path)
    assert isinstance(config, RunConfig)  # noqa: S101 - the launcher has read the same file
    scratch = pod.scratch_folder()

    def end_at_once() -> NoReturn:
        committed = read_progress(scratch).last_committed_step or config.last_committed_step
        end(stopped_at_once(config, committed), scratch)

    stop = StopRequest(config.grace_seconds, end_at_once)
    wait_for_the_launcher()
    end(pod.run_to_the_end(lambda: attempt(config, scratch, stop), config.attempt), scratch)


def wait_for_the_launcher() -> None:
    """Beside it, what takes half a second to import."""
    import sft_trainer.train.run  # noqa: F401

    if sys.stdin.buffer.readline() != BEGIN:  # nothing is to be trained, or the launcher is no more
        os._exit(0)


def end(message: TerminationMessage, scratch: Path) -> NoReturn:
    """Whole or not at all: a signal may come while the message of the work's own end is written."""
    unfinished = scratch / f"{MESSAGE_FILE}.part"
    unfinished.write_text(message.to_json())
    unfinished.rename(scratch / MESSAGE_FILE)
    # Threads of libraries may hold the interpreter for seconds after the work is done and said; and a flush could block on
    # the very buffer that a signal has interrupted, so that the streams are unbuffered instead (see the launcher).
    os._exit(message.exit_code)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
