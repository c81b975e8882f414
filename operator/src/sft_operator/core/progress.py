"""The newest figures of a running pod, from an untrusted answer to what stands in the status."""

from __future__ import annotations

from sft_operator.api.sft_job_status import JobProgress, ProgressDisplay
from sft_operator.core import timestamps
from sft_trainer.contract import Progress, TrainResult

MAX_STEPS = 10_000_000
"""What the API admits for maxSteps: a greater figure is none."""
MAX_SECONDS = 10_000_000
MAX_TOKENS_PER_SECOND = 1_000_000_000


def turns(answer: Progress) -> frozenset[str]:
    """What is worth writing down at once when it is seen for the first time: a phase, the first step, the first checkpoint.

    Later checkpoints wait like later steps, and so does a phase that comes again: with an evaluation after each step there
    would be no end of writing.
    """
    firsts = {"step": answer.step > 0, "checkpoint": answer.last_committed_step > 0}
    return frozenset({f"phase {answer.phase.value}", *(name for name, is_there in firsts.items() if is_there)})


def merged(before: JobProgress | None, answer: Progress, resolved_steps: int) -> JobProgress:
    """The status's progress after an answer of the running pod."""
    step = min(answer.step, MAX_STEPS)
    total = min(answer.total_steps, MAX_STEPS) or resolved_steps
    committed = max(before.last_committed_step if before else 0, min(answer.last_committed_step, step))
    eta = None if answer.eta_seconds is None else min(answer.eta_seconds, MAX_SECONDS)
    speed = answer.tokens_per_second
    percent = min(100, step * 100 // total) if total else 0
    return JobProgress(
        phase=answer.phase.value,
        step=step,
        total_steps=total,
        percent=percent,
        epoch=_decimal(answer.epoch),
        loss=_decimal(answer.loss),
        eval_loss=_decimal(answer.eval_loss),
        learning_rate=_decimal(answer.learning_rate),
        tokens_per_second=None if speed is None else int(min(speed, MAX_TOKENS_PER_SECOND)),
        eta_seconds=eta,
        last_committed_step=committed,
        first_step_at=_moment(answer.first_step_at) or (before.first_step_at if before else None),
        updated_at=_moment(answer.updated_at),
        display=display(step, total, percent, eta),
    )


def at_end(before: JobProgress | None, result: TrainResult, *, is_finished: bool) -> JobProgress:
    """The status's progress after an attempt ended: what it reached, and nothing about a pod that is gone."""
    before = before or JobProgress()
    total = min(result.total_steps, MAX_STEPS) or before.total_steps
    reached = total if is_finished else min(max(result.last_committed_step, before.last_committed_step), MAX_STEPS)
    percent = min(100, reached * 100 // total) if total else 0
    loss, eval_loss = _decimal(result.train_loss), _decimal(result.eval_loss)
    return before.model_copy(
        update={
            "phase": None,
            "step": reached,
            "total_steps": total,
            "percent": percent,
            "loss": loss or before.loss,
            "eval_loss": eval_loss or before.eval_loss,
            "tokens_per_second": before.tokens_per_second if is_finished else None,
            "eta_seconds": None,
            "last_committed_step": max(before.last_committed_step, min(result.last_committed_step, MAX_STEPS)),
            "first_step_at": _moment(result.first_step_at) or before.first_step_at,
            "display": display(reached, total, percent, None),
        }
    )


def display(step: int, total: int, percent: int, eta_seconds: int | None) -> ProgressDisplay:
    """The same as text, for the columns of `kubectl get`."""
    return ProgressDisplay(
        step=f"{step}/{total}" if total else str(step),
        progress=f"{percent}%",
        eta=None if eta_seconds is None else in_hours(eta_seconds),
    )


def in_hours(seconds: int) -> str:
    """For example `2m10s`, `3h05m`."""
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02d}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02d}m"


def _decimal(number: float | None) -> str | None:
    return None if number is None else format(number, ".4g")


def _moment(unix_seconds: float | None) -> str | None:
    return None if unix_seconds is None else timestamps.from_unix(unix_seconds)
