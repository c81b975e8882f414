"""What happens at the end of each step: progress, checkpoints, stopping, and refusing numbers that are none."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from sft_trainer.checkpoint.commit import CheckpointCommitter
from sft_trainer.contract import ExitCode, Phase, Reason
from sft_trainer.failure import TrainerFailure
from sft_trainer.progress import ProgressWriter
from sft_trainer.publish.metrics import MetricsLog
from sft_trainer.train.model_cache import ConvertedWeights
from sft_trainer.train.signals import StopRequest

SPEED_STEPS = 10
"""Steps that speed and remaining time are taken over: long enough to be steady, short enough to follow a change."""


UNNEEDED_FILES = ("training_args.bin", "README.md", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
"""What the trainer saves and nobody reads back; the first is a pickle."""


class ReportProgress(TrainerCallback):  # type: ignore[misc]
    """Step, loss, speed and remaining time, for whoever polls."""

    def __init__(self, writer: ProgressWriter, tokens: int, rows_per_step: int) -> None:
        self._writer = writer
        self._tokens = tokens
        self._rows_per_step = rows_per_step
        self._tokens_per_step = 0.0
        self._ends: list[float] = []

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **parts: Any) -> None:  # noqa: ANN401 - what the trainer hands over
        # Of the rows that are trained on, which packing makes fewer and longer; filling is in neither figure.
        self._tokens_per_step = self._rows_per_step * self._tokens / len(parts["train_dataloader"].dataset)
        self._ends = [time.monotonic()]
        self._writer.update(phase=Phase.TRAINING, step=state.global_step, total_steps=state.max_steps)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        self._ends = [*self._ends, time.monotonic()][-SPEED_STEPS - 1 :]
        seconds = (self._ends[-1] - self._ends[0]) / (len(self._ends) - 1)
        first = self._writer.progress.first_step_at or time.time()
        self._writer.update(
            step=state.global_step,
            epoch=round(state.epoch or 0, 4),
            first_step_at=first,
            tokens_per_second=round(self._tokens_per_step / seconds, 1),
            eta_seconds=round(seconds * (state.max_steps - state.global_step)),
        )

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        names = {"loss": "loss", "learning_rate": "learning_rate", "eval_loss": "eval_loss"}
        self._writer.update(**{ours: (logs or {})[theirs] for theirs, ours in names.items() if theirs in (logs or {})})


class RefuseNonFinite(TrainerCallback):  # type: ignore[misc]
    """A loss that is no number stays one; every further step would be paid for nothing."""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            raise TrainerFailure(
                ExitCode.NON_FINITE_LOSS,
                Reason.NON_FINITE_LOSS,
                f"the loss at step {state.global_step} is {loss}; it must be a finite number",
                "lower spec.training.learningRate or raise its warmupRatio, and look for broken rows; then raise spec.run",
            )


class CommitCheckpoints(TrainerCallback):  # type: ignore[misc]
    """Hands each finished checkpoint to the committer, without what no resume reads.

    After SIGTERM only what fits the time left: a killed upload is worth nothing, and an exit that is told is worth much.
    """

    def __init__(self, committer: CheckpointCommitter, stop: StopRequest) -> None:
        self._committer = committer
        self._stop = stop

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        self._committer.raise_if_failed()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        for name in UNNEEDED_FILES:
            (folder / name).unlink(missing_ok=True)
        is_free = self._committer.wait(lambda: self._stop.seconds_left)
        if is_free and self._stop.seconds_left > self._committer.upload_seconds:
            self._committer.commit(folder, state.global_step)


class StopWhenAsked(TrainerCallback):  # type: ignore[misc]
    """After SIGTERM: stops at the end of the step, and has it saved."""

    def __init__(self, stop: StopRequest) -> None:
        self._stop = stop

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        if self._stop.requested:
            control.should_save = True
            control.should_training_stop = True


class KeepMetrics(TrainerCallback):  # type: ignore[misc]
    """What is logged goes into metrics.jsonl, uploaded with each checkpoint."""

    def __init__(self, metrics: MetricsLog) -> None:
        self._metrics = metrics

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        self._metrics.append(json.dumps({"step": state.global_step, **(logs or {})}))

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        self._metrics.upload_beside()


class KeepConvertedWeights(TrainerCallback):  # type: ignore[misc]
    """Keeps what was converted once the first step is done: until then every core is wanted for getting there."""

    def __init__(self, weights: ConvertedWeights) -> None:
        self._weights = weights

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        self._weights.keep_beside()
