"""What an attempt says at its end. Light to import: the launcher says it too, and holds little memory beside the training."""

from __future__ import annotations

from sft_trainer.contract import ExitCode, Reason, RunConfig, TerminationMessage, TrainResult
from sft_trainer.failure import TrainerFailure
from sft_trainer.pod import failed
from sft_trainer.termination import pod_uid

SHOWN_SAMPLES = 3
"""Samples in the termination message, which has room for few; samples.jsonl has all."""


def completed(config: RunConfig, result: TrainResult, reason: Reason) -> TerminationMessage:
    """The message of a run that has its artifact."""
    text = f"the adapter is at {result.artifact.uri}" if result.artifact else "the run is complete"
    return TerminationMessage(
        pod_uid=pod_uid(), attempt=config.attempt, exit_code=ExitCode.DONE, reason=reason, message=text, train=result
    )


def stopped(config: RunConfig, result: TrainResult, reached_step: int) -> TerminationMessage:
    """The message of an attempt that was told to stop while it trained; the last step may not have fitted the grace period."""
    committed, total = result.last_committed_step, result.total_steps
    if committed == reached_step:
        text = f"the pod was told to stop; step {committed} of {total} was saved"
    else:
        text = (
            f"the pod was told to stop at step {reached_step} of {total}; its checkpoint could not be uploaded within "
            f"{config.grace_seconds} s, and the last committed step is {committed}"
        )
    remedy = "nothing to do: the next attempt goes on from there"
    return failed(TrainerFailure(ExitCode.PREEMPTED, Reason.PREEMPTED, text, remedy), config.attempt).model_copy(
        update={"train": result}
    )


def stopped_at_once(config: RunConfig, committed_step: int) -> TerminationMessage:
    """The message of an attempt that was told to stop while it did not train."""
    start = f"goes on from step {committed_step}" if committed_step else "starts over"
    text = f"the pod was told to stop when it was not training; nothing was lost, the next attempt {start}"
    return failed(TrainerFailure(ExitCode.PREEMPTED, Reason.PREEMPTED, text), config.attempt)
