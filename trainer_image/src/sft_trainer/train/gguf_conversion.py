"""GGUF to safetensors by transformers, of any architecture it knows; plain Llama models go the faster way of `gguf_llama`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sft_trainer.model.gguf_file import GGUFFile
from sft_trainer.model.gguf_tokenizer import read_gguf
from sft_trainer.train.gguf_llama import write_tokenizer


def convert_gguf(file: Path, target: Path) -> None:
    """Writes a model folder in bfloat16: what base weights are trained on, and half the bytes of float32."""
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    with _headers_read_once():
        plain = GgufConfig(dequantize=True)
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.bfloat16, quantization_config=plain, trust_remote_code=False
        )
    # transformers marks the model as quantized, and would refuse to save what it has just made plain.
    model.is_loaded_from_gguf = False
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(target)
    # transformers rebuilds the tokenizer with one rule for cutting text; the plan counts with the rule that the file names.
    write_tokenizer(read_gguf(file), target)


@contextmanager
def _headers_read_once() -> Iterator[None]:
    """While it lasts, a header is parsed once, and an architecture's tensor names are looked up once. transformers 5.23 does the
    one for the config and again for the weights, and the other for each of the model's modules: 12 of 20 seconds on two cores."""
    import gguf

    originals = {"GGUFReader": gguf.GGUFReader, "get_tensor_name_map": gguf.get_tensor_name_map}
    gguf.GGUFReader = cache(GGUFFile)
    gguf.get_tensor_name_map = cache(gguf.get_tensor_name_map)
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(gguf, name, original)
