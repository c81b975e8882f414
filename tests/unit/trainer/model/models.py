"""Small models for the tests of plans: real files, with few weights."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<s>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
CONFIG: dict[str, Any] = {"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 512}
SETTINGS: dict[str, Any] = {"chat_template": TEMPLATE, "bos_token": "<s>", "eos_token": {"content": "<|end|>"}}


def safetensors(shapes: Mapping[str, Sequence[int]]) -> bytes:
    """A file of zeros in the safetensors format."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    position = 0
    for name, shape in shapes.items():
        size = 2
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [position, position + size]}
        position += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(position)


def small_tokenizer() -> Tokenizer:
    """A byte-level BPE tokenizer that knows the template's special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(["the pump is red and the valve is blue"] * 4, trainer)
    return tokenizer


def write_model(folder: Path, **changes: object) -> None:
    """A whole model folder; a change names a file by its stem: text, bytes, a JSON object, or None to leave it out."""
    files: dict[str, object] = {
        "config.json": CONFIG,
        "tokenizer_config.json": SETTINGS,
        "tokenizer.json": small_tokenizer().to_str(),
        "model.safetensors": safetensors({"embed": [300, 8], "head": [10]}),
    }
    by_stem = {name.split(".")[0]: name for name in files}
    for name, content in (files | {by_stem[stem]: content for stem, content in changes.items()}).items():
        folder.mkdir(parents=True, exist_ok=True)
        if content is None:
            continue
        data = content if isinstance(content, (bytes, str)) else json.dumps(content)
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
