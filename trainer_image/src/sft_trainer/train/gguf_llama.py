"""Llama models straight from GGUF to safetensors, with numpy alone.

transformers reads any architecture, but only once torch is imported, and it builds the whole model on the way. This reads the
one that most small models have (Llama, SmolLM, Mistral), beside the imports. A file that holds anything it does not know is
left to transformers.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGUFReader, ReaderTensor, dequantize

from sft_trainer.model.gguf_tokenizer import GGUFHeader

Weights = npt.NDArray[np.float32]

_CONFIG_KEYS = {
    "llama.block_count": "num_hidden_layers",
    "llama.context_length": "max_position_embeddings",
    "llama.embedding_length": "hidden_size",
    "llama.feed_forward_length": "intermediate_size",
    "llama.attention.head_count": "num_attention_heads",
    "llama.attention.head_count_kv": "num_key_value_heads",
    "llama.attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "llama.rope.freq_base": "rope_theta",
    "llama.rope.dimension_count": "head_dim",
    "llama.vocab_size": "vocab_size",
}
"""All of them must stand there, and no other key of the architecture: experts or a scaled rope would go unseen."""
_TOKEN_IDS = {"bos_token_id": "bos_token_id", "eos_token_id": "eos_token_id", "pad_token_id": "padding_token_id"}
_BLOCK = re.compile(r"^blk\.(\d+)\.([a-z_]+)\.weight$")
_IN_BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTSIDE = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}


@dataclass(frozen=True, slots=True)
class _Tensor:
    """One tensor under its name in transformers."""

    name: str
    shape: tuple[int, ...]
    read: Callable[[], Weights]


def convert_llama(reader: GGUFReader, header: GGUFHeader, target: Path) -> bool:
    """Writes config, tokenizer and bfloat16 weights; False, and nothing written, where the file is not plain Llama."""
    config = _config(reader, header)
    tensors = [_tensor(tensor, config) for tensor in reader.tensors] if config is not None else []
    if config is None or not tensors or None in tensors:
        return False
    target.mkdir(parents=True, exist_ok=True)
    (target / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True))
    write_tokenizer(header, target)
    write_safetensors(sorted((tensor for tensor in tensors if tensor), key=lambda tensor: tensor.name), target)
    return True


def _config(reader: GGUFReader, header: GGUFHeader) -> dict[str, Any] | None:
    """config.json, or None where the file says something that this does not understand."""
    ours = {key: field.contents() for key, field in reader.fields.items() if key.startswith("llama.")}
    if header.architecture != "llama" or set(ours) != set(_CONFIG_KEYS):
        return None
    values = {_CONFIG_KEYS[key]: value for key, value in ours.items()}
    if values["head_dim"] * values["num_attention_heads"] != values["hidden_size"]:
        return None
    fields = {name: reader.fields.get(f"tokenizer.ggml.{key}") for name, key in _TOKEN_IDS.items()}
    rope = {"rope_theta": values.pop("rope_theta"), "rope_type": "default"}
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "rope_parameters": rope,
        "tie_word_embeddings": all(tensor.name != "output.weight" for tensor in reader.tensors),
        **values,
        **{name: field.contents() for name, field in fields.items() if field is not None},
    }


def _tensor(tensor: ReaderTensor, config: dict[str, Any]) -> _Tensor | None:
    shape = tuple(int(size) for size in reversed(tensor.shape))  # GGUF names the fastest dimension first

    def read() -> Weights:
        weights: Weights = dequantize(tensor.data, tensor.tensor_type).reshape(shape).astype(np.float32, copy=False)
        return weights

    if outside := _OUTSIDE.get(tensor.name):
        return _Tensor(outside, shape, read)
    found = _BLOCK.match(tensor.name)
    if found is None or found[2] not in _IN_BLOCK:
        return None
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}.get(found[2])
    name = f"model.layers.{found[1]}.{_IN_BLOCK[found[2]]}.weight"
    return _Tensor(name, shape, read if heads is None else lambda: _halves_apart(read(), heads))


def _halves_apart(weights: Weights, heads: int) -> Weights:
    """llama.cpp keeps the two halves that rotate together as neighbours; transformers keeps them apart."""
    rows = weights.shape[0] // heads // 2
    return weights.reshape(heads, rows, 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def to_bfloat16(weights: Weights) -> npt.NDArray[np.uint16]:
    """The upper half of each float32, rounded to nearest, ties to even; numpy has no such type."""
    bits = np.ascontiguousarray(weights).view(np.uint32)
    rounded = ((bits + (((bits >> 16) & 1) + np.uint32(0x7FFF))) >> 16).astype(np.uint16)
    return np.where(np.isnan(weights), np.uint16(0x7FC0), rounded)


def write_tokenizer(header: GGUFHeader, target: Path) -> None:
    """The tokenizer that the plan counted with, under the names that transformers looks for."""
    header.tokenizer.save(str(target / "tokenizer.json"))
    (target / "chat_template.jinja").write_text(header.chat_template)
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **header.special_tokens}
    (target / "tokenizer_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True))


def write_safetensors(tensors: list[_Tensor], target: Path) -> None:
    """One tensor in memory at a time; the format is a header of offsets and the bytes after it."""
    entries, position = {}, 0
    for tensor in tensors:
        size = 2 * int(np.prod(tensor.shape))
        entries[tensor.name] = {"dtype": "BF16", "shape": tensor.shape, "data_offsets": [position, position + size]}
        position += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **entries}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # readers map the tensors where they lie, aligned
    with (target / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for data in _as_bytes(tensors):
            file.write(data)


def _as_bytes(tensors: list[_Tensor]) -> Iterator[bytes]:
    for tensor in tensors:
        yield to_bfloat16(tensor.read()).tobytes()
