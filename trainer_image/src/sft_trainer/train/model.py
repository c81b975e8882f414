"""The base model on the pod's disk: safetensors as they are, GGUF converted once and kept in the store for everyone after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sft_trainer.contract import Precision, Reason, RunConfig, WeightFormat
from sft_trainer.failure import invalid
from sft_trainer.model.files import find_model
from sft_trainer.model.gguf_tokenizer import describe_gguf, open_gguf
from sft_trainer.train.gguf_conversion import convert_gguf
from sft_trainer.train.gguf_llama import convert_llama
from sft_trainer.train.model_cache import fetch_converted
from sft_trainer.train.phases import timed

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CONVERTED = "converted"
"""The folder of an attempt's own conversion."""


def fetch_model(config: RunConfig, scratch: Path) -> Path:
    """A folder of exactly the pinned revision: config, tokenizer and safetensors, or a GGUF file that `convert` must read.

    Imports neither torch nor transformers, so that it can go on beside their imports.
    """
    if config.model_facts.weight_format is WeightFormat.SAFETENSORS:
        return _fetch_pinned(config, scratch / "model")
    if (cached := fetch_converted(config, scratch / "cached")) is not None:
        return cached
    source = _fetch_pinned(config, scratch / "model")
    file, target = next(source.glob("*.gguf")), scratch / CONVERTED
    with timed("reading GGUF"):
        reader = open_gguf(file)
        converted = convert_llama(reader, describe_gguf(reader, file.name), target)
    return target if converted else source


def convert(source: Path, scratch: Path) -> Path:
    """The folder itself if it holds safetensors; else what transformers makes of its GGUF file, in bfloat16."""
    target, file = scratch / CONVERTED, next(source.glob("*.gguf"), None)
    if file is None:
        return source
    with timed("converting GGUF"):
        convert_gguf(file, target)
    return target


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
