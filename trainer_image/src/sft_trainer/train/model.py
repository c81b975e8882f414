"""The base model on the pod's disk: safetensors as they are, GGUF converted once and kept in the store for everyone after."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sft_trainer.contract import Precision, Reason, RunConfig, WeightFormat
from sft_trainer.failure import invalid
from sft_trainer.model_files import find_model
from sft_trainer.store.manifest import ManifestInvalid, download_verified, load_manifest, publish_folder
from sft_trainer.store.object_store import open_store
from sft_trainer.train.gguf_conversion import convert_gguf
from sft_trainer.train.phases import timed

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

KIND = "Model"


def fetch_model(config: RunConfig, scratch: Path) -> Path:
    """A folder with config, tokenizer and safetensors, of exactly the pinned revision."""
    if config.model_facts.weight_format is WeightFormat.SAFETENSORS:
        return _fetch_pinned(config, scratch / "model")
    cached = _fetch_converted(config, scratch / "converted")
    return cached or _convert(config, _fetch_pinned(config, scratch / "model"), scratch / "converted")


def _fetch_pinned(config: RunConfig, folder: Path) -> Path:
    revision = find_model(config.model).download(folder)
    if revision != config.model_facts.revision:
        raise invalid(
            Reason.MODEL_CHANGED,
            f"the model at {config.model.uri} is not the one that was planned: "
            f"its revision is {revision[:12]}, planned was {config.model_facts.revision[:12]}",
            "raise spec.run to plan and train with the model as it is now",
        )
    return folder


def _fetch_converted(config: RunConfig, folder: Path) -> Path | None:
    """Weights that an earlier run converted, if they verify."""
    store = open_store(config.model_cache)
    try:
        if load_manifest(store) is None:
            return None
        download_verified(store, folder)
    except ManifestInvalid as error:
        print(f"converted weights are not used: {error}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return folder


def _convert(config: RunConfig, source: Path, target: Path) -> Path:
    with timed("converting GGUF"):
        convert_gguf(next(source.glob("*.gguf")), target)
    publish_folder(open_store(config.model_cache), target, KIND, {"revision": config.model_facts.revision})
    return target


def load_model(folder: Path, precision: Precision) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer: no remote code, no pickle, nothing from a hub."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # On a GPU the frozen base is held in bfloat16; on a CPU bfloat16 is a matter of autocast, and FP32 the fast path.
    dtype = torch.bfloat16 if precision is Precision.BF16 and torch.cuda.is_available() else torch.float32
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, use_safetensors=True, trust_remote_code=False)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if torch.cuda.is_available():
        model = model.to("cuda")
    return model, tokenizer
