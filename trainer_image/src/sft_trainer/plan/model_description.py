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
from sft_trainer.failure import invalid
from sft_trainer.plan.gguf_tokenizer import read_gguf
from sft_trainer.plan.safetensors_header import count_parameters


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """A model without its weights."""

    architecture: str
    parameters: int
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
    config = _json(folder / "config.json")
    if "auto_map" in config:
        raise invalid(
            Reason.MODEL_UNSUPPORTED,
            "config.json has auto_map: this model runs code of its own, which is not executed here",
            "use a model whose architecture transformers knows",
        )
    text = config.get("text_config") or config
    settings = _json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").exists() else {}
    return ModelDescription(
        architecture=str((config.get("architectures") or ["unknown"])[0]),
        parameters=sum(count_parameters(folder / name) for name in names if name.endswith(".safetensors")),
        context_length=int(text.get("max_position_embeddings") or 0) or _no_context(),
        tokenizer=Tokenizer.from_file(str(folder / "tokenizer.json")),
        template=compile_template(_chat_template(folder, settings), _special_tokens(settings)),
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise invalid(Reason.MODEL_UNSUPPORTED, f"{path.name} of the model is not JSON", "upload the file again") from error
    return content if isinstance(content, dict) else {}


def _no_context() -> int:
    raise invalid(Reason.MODEL_UNSUPPORTED, "config.json has no max_position_embeddings", "use a decoder-only language model")


def _chat_template(folder: Path, settings: dict[str, Any]) -> str:
    file = folder / "chat_template.jinja"
    template = file.read_text() if file.exists() else settings.get("chat_template")
    if isinstance(template, list):
        template = next((entry.get("template") for entry in template if entry.get("name") == "default"), None)
    if not isinstance(template, str):
        raise invalid(Reason.MODEL_UNSUPPORTED, "the model has no chat template", "use an instruction-tuned model, which has one")
    return template


def _special_tokens(settings: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name in ("bos_token", "eos_token", "unk_token", "pad_token"):
        value = settings.get(name)
        content = value.get("content") if isinstance(value, dict) else value
        if isinstance(content, str):
            found[name] = content
    return found
