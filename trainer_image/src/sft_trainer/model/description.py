"""What a downloaded model is: architecture, size, tokenizer and chat template; from headers, never from weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from sft_trainer.contract import Reason, WeightFormat
from sft_trainer.data.chat_template import compile_template
from sft_trainer.data.render import Template
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.model.gguf_tokenizer import read_gguf
from sft_trainer.model.safetensors_header import count_parameters


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """A model without its weights."""

    architecture: str
    parameters: int
    """0 where the weights were left out."""
    context_length: int
    tokenizer: Tokenizer
    template: Template

    @property
    def encode(self) -> Callable[[str], list[int]]:
        return lambda text: list(self.tokenizer.encode(text, add_special_tokens=False).ids)


def describe(folder: Path, names: list[str], weight_format: WeightFormat) -> ModelDescription:
    """Reads a downloaded model; raises ModelUnsupported."""
    if weight_format is WeightFormat.GGUF:
        found = read_gguf(folder / names[0])
        template = compile_template(found.chat_template, found.special_tokens)
        return ModelDescription(found.architecture, found.parameters, found.context_length, found.tokenizer, template)
    return _describe_safetensors(folder, names)


def _describe_safetensors(folder: Path, names: list[str]) -> ModelDescription:
    config, settings = _json(folder / "config.json"), _json(folder / "tokenizer_config.json")
    for name, content in (("config.json", config), ("tokenizer_config.json", settings)):
        if "auto_map" in content:
            raise _unsupported(
                f"{name} has auto_map: this model runs code of its own, which is not executed here",
                "use a model whose architecture transformers knows",
            )
    architectures = config.get("architectures")
    return ModelDescription(
        architecture=str(architectures[0]) if isinstance(architectures, list) and architectures else "unknown",
        parameters=sum(count_parameters(folder / name) for name in names if name.endswith(".safetensors")),
        context_length=_context_length(config),
        tokenizer=_load_tokenizer(folder / "tokenizer.json"),
        template=compile_template(
            _chat_template(folder, settings), _special_tokens(_json(folder / "special_tokens_map.json") | settings)
        ),
    )


def _json(path: Path) -> dict[str, Any]:
    """The object in a file; an empty one when there is no file."""
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _unsupported(f"{path.name} of the model is not JSON", "upload the file again") from error
    if not isinstance(content, dict):
        raise _unsupported(f"{path.name} of the model is not a JSON object", "upload the file again")
    return content


def _context_length(config: dict[str, Any]) -> int:
    """Of a multimodal model it stands with the language model's settings."""
    text = config.get("text_config")
    found = (text if isinstance(text, dict) else config).get("max_position_embeddings")
    if not isinstance(found, int) or found <= 0:
        raise _unsupported("config.json has no max_position_embeddings", "use a decoder-only language model")
    return found


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing narrower
        raise _unsupported(f"{path.name} of the model cannot be read: {str(error)[:200]}", "upload the file again") from error
    # The file may have kept its training's own; how rows are cut and filled up is for the run to say.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _chat_template(folder: Path, settings: dict[str, Any]) -> str:
    file = folder / "chat_template.jinja"
    template = file.read_bytes().decode(errors="replace") if file.exists() else settings.get("chat_template")
    if isinstance(template, list):  # several, by name
        named = {entry.get("name"): entry.get("template") for entry in template if isinstance(entry, dict)}
        template = named.get("default")
    if not isinstance(template, str):
        raise _unsupported("the model has no chat template", "use an instruction-tuned model, which has one")
    return template


def _unsupported(message: str, remedy: str) -> TrainerFailure:
    return invalid(Reason.MODEL_UNSUPPORTED, message, remedy)


def _special_tokens(settings: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name in ("bos_token", "eos_token", "unk_token", "pad_token"):
        value = settings.get(name)
        content = value.get("content") if isinstance(value, dict) else value
        if isinstance(content, str):
            found[name] = content
    return found
