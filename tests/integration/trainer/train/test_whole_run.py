"""One attempt from an empty disk to a published adapter, and one that is interrupted on the way. Real loop, tiny model."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sft_trainer.checkpoint.layout import REQUIRED_FILES
from sft_trainer.checkpoint.select import committed_checkpoints
from sft_trainer.contract import ExitCode, Reason, RunConfig, TerminationMessage
from sft_trainer.failure import TrainerFailure
from sft_trainer.model.files import find_model
from sft_trainer.progress import read_progress
from sft_trainer.publish.adapter import find_artifact
from sft_trainer.store.local_folder import LocalFolder
from sft_trainer.store.object_store import open_store
from sft_trainer.train import launcher
from sft_trainer.train.examples import Examples, make_examples
from sft_trainer.train.run import Attempt
from sft_trainer.train.signals import StopRequest
from tests.unit.trainer.train.runs import PROMPTS, place, write_inputs

if TYPE_CHECKING:
    from transformers import TrainerState

# Warnings of transformers, trl, peft and torch about each other, which nothing here can change.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
TOTAL_STEPS = 12


class AskedAtStep(StopRequest):
    """SIGTERM, but at an exact step. Never, for step None."""

    def __init__(self, scratch: Path, step: int | None, seconds_left: float) -> None:
        self._scratch, self._step, self._seconds_left = scratch, step, seconds_left

    @property
    def requested(self) -> bool:  # type: ignore[override]
        return self._step is not None and read_progress(self._scratch).step >= self._step

    @property
    def seconds_left(self) -> float:
        return self._seconds_left if self.requested else math.inf

    @contextmanager
    def held_until_step_end(self) -> Iterator[None]:
        yield


class Bench:
    """A model, a dataset, and runs over them, each with its own output."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = write_inputs(root)

    def config_for(self, output: str) -> RunConfig:
        return self.config.model_copy(update={"output": place(self.root, output)})

    def attempt(self, config: RunConfig, stop_at_step: int | None = None, seconds_left: float = 60) -> TerminationMessage:
        """On a fresh disk, as every pod gets one."""
        scratch = self.root / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return Attempt(config, scratch, AskedAtStep(scratch, stop_at_step, seconds_left)).run()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def finished(bench: Bench) -> tuple[RunConfig, TerminationMessage]:
    """A run that nothing interrupted."""
    config = bench.config_for("whole")
    return config, bench.attempt(config)


def output_of(bench: Bench, name: str) -> Path:
    return bench.root / name


def adapter_of(bench: Bench, name: str) -> Path:
    """The folder that PEFT loads."""
    (file,) = (output_of(bench, name) / "artifact").glob("*/adapter_config.json")
    return file.parent


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_run_ends_with_an_artifact_that_was_read_back(bench: Bench, finished: tuple[RunConfig, TerminationMessage]) -> None:
    config, message = finished
    assert (message.exit_code, message.reason) == (ExitCode.DONE, Reason.COMPLETED)
    assert message.train is not None
    assert message.train.artifact is not None
    assert message.train.total_steps == message.train.last_committed_step == TOTAL_STEPS
    manifest = output_of(bench, "whole") / "artifact" / "MANIFEST.json"
    assert message.train.artifact.manifest_digest == digest(manifest)
    assert message.train.artifact.uri == f"{config.output.uri}artifact/"


def test_the_artifact_holds_an_adapter_for_the_users_model_and_no_pickle(
    bench: Bench, finished: tuple[RunConfig, TerminationMessage]
) -> None:
    config, _ = finished
    folder = adapter_of(bench, "whole")
    names = {path.name for path in folder.iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "README.md"} <= names
    assert not {path.suffix for path in folder.iterdir()} & {".bin", ".pt", ".pth", ".pkl"}
    adapter = json.loads((folder / "adapter_config.json").read_text())
    assert adapter["base_model_name_or_path"] == config.model.uri
    assert adapter["revision"] == config.model_facts.revision


def test_peft_loads_the_adapter_from_its_folder(bench: Bench, finished: tuple[RunConfig, TerminationMessage]) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(output_of(bench, "model")), adapter_of(bench, "whole"))
    assert model.peft_config["default"].r == 4


@pytest.mark.parametrize(
    ("stop_at_step", "expected"), [(None, ExitCode.DONE), (3, ExitCode.PREEMPTED)], ids=["to its end", "told to stop"]
)
def test_a_log_that_cannot_be_written_changes_nothing_about_how_a_run_ends(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, stop_at_step: int | None, expected: ExitCode
) -> None:
    put = LocalFolder.put

    def refused(store: LocalFolder, key: str, data: bytes) -> None:
        if key == "metrics.jsonl":
            raise TrainerFailure(ExitCode.STORE_DENIED, Reason.STORE_DENIED, "no object may be written twice")
        put(store, key, data)

    monkeypatch.setattr(LocalFolder, "put", refused)
    config = bench.config_for(f"without-metrics-{stop_at_step}")
    message = bench.attempt(config, stop_at_step=stop_at_step)
    assert message.exit_code == expected
    assert message.train is not None
    assert (message.train.artifact is not None) == (expected is ExitCode.DONE)
    assert message.train.last_committed_step == (stop_at_step or TOTAL_STEPS)


def test_every_prompt_is_answered_before_and_after(bench: Bench, finished: tuple[RunConfig, TerminationMessage]) -> None:
    _, message = finished
    lines = (output_of(bench, "whole") / "samples.jsonl").read_text().splitlines()
    assert [json.loads(line)["prompt"] for line in lines] == PROMPTS
    assert message.train is not None
    assert [sample.prompt for sample in message.train.samples] == PROMPTS


def test_every_step_leaves_a_line_of_metrics_and_the_loss_falls(
    bench: Bench, finished: tuple[RunConfig, TerminationMessage]
) -> None:
    lines = [json.loads(line) for line in (output_of(bench, "whole") / "metrics.jsonl").read_text().splitlines()]
    losses = {line["step"]: line["loss"] for line in lines if "loss" in line}
    assert list(losses) == list(range(1, TOTAL_STEPS + 1))
    assert losses[TOTAL_STEPS] < losses[1]


def test_a_finished_run_is_recognised_and_not_trained_again(
    tmp_path: Path, finished: tuple[RunConfig, TerminationMessage]
) -> None:
    config, first = finished
    again = launcher.find_finished(config, tmp_path)
    assert again is not None
    assert (again.exit_code, again.reason) == (ExitCode.DONE, Reason.ALREADY_COMPLETED)
    assert again.train is not None
    assert first.train is not None
    assert (again.train.artifact, again.train.samples) == (first.train.artifact, first.train.samples)


def test_a_damaged_artifact_is_not_taken_for_a_finished_run(
    bench: Bench, tmp_path: Path, finished: tuple[RunConfig, TerminationMessage]
) -> None:
    shutil.copytree(output_of(bench, "whole"), tmp_path / "copy")
    next((tmp_path / "copy" / "artifact").glob("*/adapter_model.safetensors")).write_bytes(b"damaged")
    assert find_artifact(LocalFolder(tmp_path / "copy"), tmp_path) is None


@pytest.mark.parametrize(
    "step", [3, 6, 8, TOTAL_STEPS], ids=["in the first epoch", "between epochs", "in the second epoch", "after the last step"]
)
def test_a_run_that_was_interrupted_ends_with_the_very_same_weights(
    bench: Bench, finished: tuple[RunConfig, TerminationMessage], step: int
) -> None:
    """With dropout, on a fresh disk, from the checkpoint in the store alone. Nothing is published once SIGTERM came."""
    config = bench.config_for(f"interrupted-{step}")
    stopped = bench.attempt(config, stop_at_step=step)
    assert (stopped.exit_code, stopped.reason) == (ExitCode.PREEMPTED, Reason.PREEMPTED)
    assert stopped.train is not None
    assert stopped.train.last_committed_step == step
    assert not (output_of(bench, f"interrupted-{step}") / "artifact").exists()
    resumed = bench.attempt(config.model_copy(update={"attempt": 2, "last_committed_step": step}))
    assert resumed.exit_code == ExitCode.DONE
    assert resumed.train is not None
    assert resumed.train.resumed_from_step == step
    weights = "adapter_model.safetensors"
    assert digest(adapter_of(bench, f"interrupted-{step}") / weights) == digest(adapter_of(bench, "whole") / weights)


def test_a_step_for_which_no_time_is_left_is_told_and_not_uploaded(bench: Bench) -> None:
    config = bench.config_for("no-time")
    stopped = bench.attempt(config, stop_at_step=7, seconds_left=0)
    assert (stopped.exit_code, stopped.reason) == (ExitCode.PREEMPTED, Reason.PREEMPTED)
    assert stopped.train is not None
    assert stopped.train.last_committed_step == 5
    assert [name.step for name in committed_checkpoints(open_store(config.output))] == [5]
    assert "at step 7 of 12" in stopped.message
    assert "the last committed step is 5" in stopped.message


@pytest.mark.parametrize("packing", [False, True], ids=["one row each", "packed"])
def test_the_speed_counts_the_tokens_that_are_there(bench: Bench, packing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every token of the rows passes once in an epoch, whatever they are packed into, and filling is none of them."""
    from sft_trainer.train import callbacks, run

    counted: list[float] = []
    made: list[dict[str, Examples]] = []

    class Watched(callbacks.ReportProgress):
        def on_train_end(self, args: object, state: TrainerState, control: object, **_: object) -> None:
            counted.append(self._tokens_per_step * state.max_steps)

    def remembered(*given: Any) -> dict[str, Examples]:
        made.append(make_examples(*given))
        return made[-1]

    monkeypatch.setattr(callbacks, "ReportProgress", Watched)
    monkeypatch.setattr(run, "make_examples", remembered)
    training = bench.config.training.model_copy(update={"packing": packing, "epochs": 1, "micro_batch_size": 1})
    config = bench.config_for(f"packing-{packing}").model_copy(update={"training": training})
    assert bench.attempt(config).exit_code == ExitCode.DONE
    assert counted == [pytest.approx(made[0]["train"].tokens)]


def test_checkpoints_hold_what_resuming_needs_and_no_pickled_arguments(
    bench: Bench, finished: tuple[RunConfig, TerminationMessage]
) -> None:
    config, _ = finished
    assert [name.step for name in committed_checkpoints(open_store(config.output))] == [12, 10, 5]
    for folder in (output_of(bench, "whole") / "checkpoints").iterdir():
        names = {path.name for path in folder.iterdir()}
        assert set(REQUIRED_FILES) <= names
        assert "training_args.bin" not in names


def test_a_loss_that_is_no_number_ends_the_run_with_its_step_and_commits_nothing(bench: Bench) -> None:
    """With weights as an aborted conversion may leave them."""
    from safetensors.torch import load_file, save_file

    folder = output_of(bench, "broken-model")
    shutil.copytree(output_of(bench, "model"), folder)
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.1.mlp.down_proj.weight"][0] = float("nan")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    model = place(bench.root, "broken-model")
    revision = find_model(model).download(bench.root / "downloaded")
    facts = bench.config.model_facts.model_copy(update={"revision": revision})
    config = bench.config_for("diverged").model_copy(update={"model": model, "model_facts": facts, "checkpoint_every_steps": 1})
    with pytest.raises(TrainerFailure) as caught:
        bench.attempt(config)
    assert (caught.value.exit_code, caught.value.reason) == (ExitCode.NON_FINITE_LOSS, Reason.NON_FINITE_LOSS)
    assert "the loss at step 1 is nan" in caught.value.message
    assert committed_checkpoints(open_store(config.output)) == []


def test_a_model_other_than_the_planned_one_is_refused(bench: Bench) -> None:
    facts = bench.config.model_facts.model_copy(update={"revision": "f" * 64})
    with pytest.raises(TrainerFailure) as caught:
        bench.attempt(bench.config_for("changed").model_copy(update={"model_facts": facts}))
    assert (caught.value.exit_code, caught.value.reason) == (ExitCode.INVALID, Reason.MODEL_CHANGED)
