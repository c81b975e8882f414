"""The model's own chat template, rendered in a sandbox: it is the model's author's code, and the model comes from anywhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sft_trainer.contract import Reason
from sft_trainer.data.render import Template
from sft_trainer.data.rows import Message
from sft_trainer.failure import invalid

MAX_TEMPLATE_CHARACTERS = 64 << 10
"""The longest published ones have some 15,000."""


def compile_template(source: str, special_tokens: dict[str, str]) -> Template:
    """A template as Hugging Face's tokenizers render it; `special_tokens` holds bos_token, eos_token and the like."""
    if len(source) > MAX_TEMPLATE_CHARACTERS:
        raise _unusable(f"it has {len(source)} characters, more than {MAX_TEMPLATE_CHARACTERS}")
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    try:
        compiled = environment.from_string(source)
    except TemplateError as error:
        raise _unusable(str(error)) from error

    def render(messages: Sequence[Message], add_generation_prompt: bool) -> str:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return compiled.render(messages=turns, add_generation_prompt=add_generation_prompt, **special_tokens)
        except TemplateError as error:
            raise _unusable(str(error)) from error

    return render


def _to_json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _unusable(why: str) -> Exception:
    return invalid(
        Reason.MODEL_UNSUPPORTED,
        f"the model's chat template cannot be rendered: {why[:300]}",
        "use an instruction-tuned model with a working chat template",
    )
