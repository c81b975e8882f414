"""A tiny random model and a small dataset in a local store, and the real trainer process on them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sft_trainer.contract import CONTRACT_VERSION, PrepareConfig, Progress, TerminationMessage
from sft_trainer.data.prepare import prepare
from tests.unit.trainer.train.runs import write_tiny_model

START_SECONDS = 180
"""Importing torch, transformers and TRL takes 10 s on a free machine."""


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of 2 layers with random weights, its tokenizer and a chat template."""
    folder = tmp_path_factory.mktemp("model")
    write_tiny_model(folder)
    return folder


@dataclass
class Run:
    """One run in a store of its own; each attempt gets an empty disk, as a new pod does."""

    root: Path
    config: dict[str, Any]
    attempts: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def scratch(self) -> Path:
        return self.root / f"disk-{self.attempts}"

    @property
    def output(self) -> Path:
        return self.root / "output"

    def start(self, **changes: Any) -> None:
        """Starts the next attempt."""
        self.attempts += 1
        self.scratch.mkdir()
        config = self.config | {"attempt": self.attempts} | changes
        file = self.root / f"config-{self.attempts}.json"
        file.write_text(json.dumps(config))
        environment = os.environ | {
            "SFT_SCRATCH": str(self.scratch),
            "SFT_POD_UID": f"{self.attempts:08d}-pod",
            "OMP_NUM_THREADS": "1",  # sums in one order, so that equal runs have equal bits
            "HF_HUB_OFFLINE": "1",
        }
        command = [sys.executable, "-m", "sft_trainer", "train", "--config", str(file)]
        self.process = subprocess.Popen(command, env=environment)

    def wait(self) -> TerminationMessage:
        """Until the attempt ends; returns its exit record."""
        assert self.process is not None
        code = self.process.wait(timeout=START_SECONDS)
        record = self.output / "exits" / f"a{self.attempts}-{self.attempts:08d}.json"
        message = TerminationMessage.model_validate_json(record.read_text())
        assert message.exit_code == code
        return message

    def wait_for_commit(self, step: int) -> None:
        """Until a checkpoint of at least this step is committed."""
        deadline = time.monotonic() + START_SECONDS
        while self.progress().last_committed_step < step:
            assert self.process is not None
            assert self.process.poll() is None, "the attempt ended before it came to that"
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def progress(self) -> Progress:
        file = self.scratch / "progress.json"
        if not file.exists():
            return Progress(pod_uid="", phase="Starting", step=0, total_steps=0, updated_at=0)
        return Progress.model_validate_json(file.read_text())

    def signal(self, number: signal.Signals) -> None:
        """To the launcher, as the kubelet does."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill_training_process(self) -> None:
        """kill -9 of the launcher's child."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)

    def adapter(self) -> bytes:
        """The weights that were published."""
        (file,) = (self.output / "artifact").glob("*/adapter_model.safetensors")
        return file.read_bytes()


@pytest.fixture(scope="session")
def pinned_dataset(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A published version of 40 rows, of which some are for evaluation."""
    root = tmp_path_factory.mktemp("dataset")
    rows = [{"prompt": f"What is the code of room {n}?", "completion": f"The code is {n * 37}."} for n in range(40)]
    config = {
        "owner": {"namespace": "team", "name": "rooms", "uid": "1"},
        "attempt": 1,
        "sources": [{"name": "rows", "inline": "\n".join(map(json.dumps, rows))}],
        "evalPercent": 20,
        "gates": {"maxRejectPercent": 0, "minRows": 1},
        "versions": {"uri": f"file://{root}/versions/"},
        "run": {"uri": f"file://{root}/run/"},
    }
    scratch = root / "scratch"
    scratch.mkdir()
    result = prepare(PrepareConfig.model_validate(config), scratch)
    return {"name": "rooms", "digest": result.digest, "store": {"uri": result.uri}}


@pytest.fixture
def run(tiny_model: Path, pinned_dataset: dict[str, Any], tmp_path: Path) -> Run:
    """A run of 12 steps with dropout, committing every second step."""
    from sft_trainer.contract import StorePrefix
    from sft_trainer.model.files import find_model

    location = StorePrefix(uri=f"file://{tiny_model}/")
    revision = find_model(location).download(tmp_path / "pinned")
    config = {
        "kind": "Run",
        "contractVersion": CONTRACT_VERSION,
        "owner": {"namespace": "team", "name": "bot", "uid": "2"},
        "run": 1,
        "model": {"uri": location.uri},
        "modelFacts": {
            "revision": revision,
            "weightFormat": "Safetensors",
            "architecture": "LlamaForCausalLM",
            "parameters": 1,
            "bytes": 1,
            "contextLength": 512,
        },
        "modelCache": {"uri": f"file://{tmp_path}/models/"},
        "datasets": [pinned_dataset],
        "lora": {"rank": 4, "alpha": 8, "dropout": 0.1, "targetModules": ["all-linear"]},
        "training": {
            "epochs": 10,
            "maxSteps": 12,
            "learningRate": 0.01,
            "schedule": "Cosine",
            "warmupRatio": 0.1,
            "weightDecay": 0.0,
            "maxGradNorm": 1.0,
            "microBatchSize": 4,
            "gradientAccumulationSteps": 2,
            "maxSequenceLength": 64,
            "packing": False,
            "precision": "FP32",
            "seed": 7,
        },
        "sampling": {"prompts": ["What is the code of room 3?"], "maxNewTokens": 4},
        "checkpointEverySteps": 2,
        "output": {"uri": f"file://{tmp_path}/output/"},
        "lastCommittedStep": 0,
        "graceSeconds": 30,
    }
    return Run(tmp_path, config)
