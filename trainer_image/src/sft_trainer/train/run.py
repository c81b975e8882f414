"""One attempt at a run, from an empty disk to a published adapter: the work of the training process."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sft_trainer.checkpoint.commit import CheckpointCommitter
from sft_trainer.checkpoint.select import Resume, find_resume
from sft_trainer.contract import Phase, Reason, RunConfig, Sample, TerminationMessage, TrainResult
from sft_trainer.data.digest import EVAL, TRAIN
from sft_trainer.data.version import FetchedVersion
from sft_trainer.failure import invalid
from sft_trainer.model.description import ModelDescription
from sft_trainer.plan.plan import fetch_datasets, read_datasets
from sft_trainer.progress import ProgressWriter
from sft_trainer.publish.adapter import publish_adapter
from sft_trainer.publish.metrics import MetricsLog, resumed_metrics
from sft_trainer.store.object_store import open_store
from sft_trainer.termination import pod_uid
from sft_trainer.train import sampling
from sft_trainer.train.examples import describe_folder, make_examples
from sft_trainer.train.messages import SHOWN_SAMPLES, completed, stopped
from sft_trainer.train.model import CONVERTED, convert, fetch_model, load_model
from sft_trainer.train.model_cache import ConvertedWeights
from sft_trainer.train.phases import timed
from sft_trainer.train.signals import StopRequest

if TYPE_CHECKING:
    from trl import SFTTrainer

    from sft_trainer.train.loop import Materials

LAST_METRICS_SECONDS = 60.0
"""How long a run that is otherwise done waits for its log to be written."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a run needs, on the pod's own disk."""

    model_folder: Path
    description: ModelDescription
    datasets: list[FetchedVersion]
    resume: Resume | None


class Attempt:
    """Holds what the steps of one attempt share."""

    def __init__(self, config: RunConfig, scratch: Path, stop: StopRequest) -> None:
        self._config = config
        self._scratch = scratch
        self._stop = stop
        self._store = open_store(config.output)
        self._progress = ProgressWriter(scratch)
        self._committed = config.last_committed_step
        self._untrained_examples = 0

    def run(self) -> TerminationMessage:
        """Trains to the end; raises Preempted or TrainerFailure."""
        with timed("downloads and imports"):
            inputs = self._gather()
        converted = ConvertedWeights(self._config, inputs.model_folder if inputs.model_folder.name == CONVERTED else None)
        with timed("loading the model"):
            materials = self._load(inputs)
        trainer, committer, metrics = self._build(materials, inputs, converted)
        with timed("training"), self._stop.held_until_step_end():
            trainer.train(resume_from_checkpoint=str(inputs.resume.folder) if inputs.resume else None)
            committer.wait(lambda: self._stop.seconds_left)
            if self._stop.requested:  # also after the last step: sampling and publishing may not fit the grace left
                return self._preempted(trainer, inputs, metrics)
        self._stop.end_if_requested()
        return self._finish(trainer, materials, inputs, metrics, converted)

    def _gather(self) -> Inputs:
        """Downloads while the heavy libraries are imported: both take seconds, and neither needs the other."""
        self._progress.update(phase=Phase.DOWNLOADING)
        with ThreadPoolExecutor(3) as pool:
            datasets = pool.submit(fetch_datasets, self._config.datasets, self._scratch)
            resume = pool.submit(find_resume, self._store, self._scratch, self._config.last_committed_step)
            model = pool.submit(fetch_model, self._config, self._scratch)
            with timed("imports"):
                import_libraries()
            use_all_cores()
            folder = convert(model.result(), self._scratch)
            found = resume.result()
        if found is not None:
            self._committed = found.step
        return Inputs(folder, describe_folder(folder), datasets.result(), found)

    def _load(self, inputs: Inputs) -> Materials:
        from sft_trainer.train.loop import Materials

        self._progress.update(phase=Phase.TOKENIZING)
        limit = self._config.training.max_sequence_length
        made = make_examples(read_datasets(inputs.datasets), inputs.description, limit)
        train, evaluation = made[TRAIN], made[EVAL]
        if not len(train):
            raise invalid(Reason.TOO_FEW_ROWS, f"no row has an answer within {limit} tokens", "raise maxSequenceLength")
        self._untrained_examples = train.dropped
        if train.dropped:
            print(f"{train.dropped} examples have no answer within {limit} tokens and are not trained on", flush=True)
        model, tokenizer = load_model(inputs.model_folder, self._config.training.precision)
        return Materials(model, tokenizer, train, evaluation)

    def _answers(self, trainer: SFTTrainer, materials: Materials, inputs: Inputs) -> tuple[list[str], list[str]]:
        """Of the untrained model and of the trained one. Without its adapter, the model is what it was before."""
        self._progress.update(phase=Phase.SAMPLING)

        def answer() -> list[str]:
            seed = self._config.training.seed
            return sampling.generate(trainer.model, materials.tokenizer, inputs.description, self._config.sampling, seed)

        with timed("sampling"):
            after = answer()
            with trainer.model.disable_adapter():
                return answer(), after

    def _build(
        self, materials: Materials, inputs: Inputs, converted: ConvertedWeights
    ) -> tuple[SFTTrainer, CheckpointCommitter, MetricsLog]:
        from sft_trainer.train import callbacks
        from sft_trainer.train.loop import build_trainer

        committer = CheckpointCommitter(self._store, self._config.attempt, pod_uid(), self._note_commit)
        settings = self._config.training
        rows_per_step = settings.micro_batch_size * settings.gradient_accumulation_steps
        metrics = resumed_metrics(self._store, inputs.resume.step) if inputs.resume else MetricsLog(self._store, [])
        hooks = [
            callbacks.RefuseNonFinite(),
            callbacks.ReportProgress(self._progress, materials.train.tokens, rows_per_step),
            callbacks.StopWhenAsked(self._stop),
            callbacks.CommitCheckpoints(committer, self._stop),
            callbacks.KeepMetrics(metrics),
            callbacks.KeepConvertedWeights(converted),
        ]
        self._progress.update(last_committed_step=self._committed)
        return build_trainer(self._config, materials, hooks, self._scratch / "trainer"), committer, metrics

    def _note_commit(self, step: int) -> None:
        """Called from the committer's thread once a checkpoint exists."""
        self._committed = step
        self._progress.update(last_committed_step=step)
        print(f"checkpoint of step {step} committed", flush=True)

    def _result(self, trainer: SFTTrainer, inputs: Inputs) -> TrainResult:
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        evals = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
        return TrainResult(
            resumed_from_step=inputs.resume.step if inputs.resume else 0,
            last_committed_step=self._committed,
            total_steps=trainer.state.max_steps,
            first_step_at=self._progress.progress.first_step_at,
            untrained_examples=self._untrained_examples,
            train_loss=round(losses[-1], 6) if losses else None,
            eval_loss=round(evals[-1], 6) if evals else None,
        )

    def _preempted(self, trainer: SFTTrainer, inputs: Inputs, metrics: MetricsLog) -> TerminationMessage:
        """The log is uploaded if there is time for it."""
        metrics.flush(self._stop.seconds_left)
        return stopped(self._config, self._result(trainer, inputs), trainer.state.global_step)

    def _finish(
        self,
        trainer: SFTTrainer,
        materials: Materials,
        inputs: Inputs,
        metrics: MetricsLog,
        converted: ConvertedWeights,
    ) -> TerminationMessage:
        """Evaluates, samples, publishes: in this order, so that the artifact is the last thing to appear."""
        if len(materials.evaluation):
            self._progress.update(phase=Phase.EVALUATING)
            trainer.evaluate()
        metrics.upload_beside()
        prompts = self._config.sampling.prompts
        before, after = self._answers(trainer, materials, inputs) if prompts else ([], [])
        samples = [Sample(prompt=p, before=b, after=a) for p, b, a in zip(prompts, before, after, strict=True)]
        if samples:
            sampling.store_samples(self._store, samples)
        self._progress.update(phase=Phase.PUBLISHING)
        metrics.flush(LAST_METRICS_SECONDS)
        converted.wait()
        result = self._result(trainer, inputs)
        trained_tokens = materials.train.trained_tokens
        about = {
            "steps": result.total_steps,
            "trainLoss": result.train_loss,
            "evalLoss": result.eval_loss,
            "trainedTokens": trained_tokens,
        }
        with timed("publishing"):
            artifact = publish_adapter(trainer.model, inputs.model_folder, self._config, self._store, about, self._scratch)
        finished = {"artifact": artifact, "samples": samples[:SHOWN_SAMPLES], "trained_tokens": trained_tokens}
        return completed(self._config, result.model_copy(update=finished), Reason.COMPLETED)


def import_libraries() -> None:
    """The names themselves: these packages import what is behind a name only when it is asked for.

    Without collecting garbage, of which importing makes little; looking for it takes an eighth of the time.
    """
    gc.disable()
    from peft import LoraConfig  # noqa: F401
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: F401
    from trl import SFTConfig, SFTTrainer, pack_dataset  # noqa: F401

    gc.enable()


def use_all_cores() -> None:
    """As many threads as the pod was given; torch's own guess is the physical cores, which halves a machine of two threads."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0))))
