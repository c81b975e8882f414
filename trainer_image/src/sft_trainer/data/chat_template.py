"""The model's own chat template, rendered in a sandbox: it is the model's author's code, and the model comes from anywhere.

Rendered as Hugging Face's tokenizers do (same environment, same names): text is the same here and where the model is served.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence, Sized
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sft_trainer.contract import Reason
from sft_trainer.data.render import Template
from sft_trainer.data.rows import Message
from sft_trainer.data.time_limit import time_limit
from sft_trainer.failure import TrainerFailure, invalid

MAX_TEMPLATE_CHARACTERS = 64 << 10
"""The longest published ones have some 15,000."""
MAX_SECONDS = 5.0
"""For one row; an ordinary template takes well below a millisecond."""
MAX_RENDERED_CHARACTERS = 64 << 20
"""Four times the longest line that is read: a template repeats a row's text once, if at all."""
MAX_PRODUCT, MAX_POWER = 1_000_000, 64
"""What `*` may make, as number or as length, and `**` may take: templates count turns and indent, no more."""
TODAY = datetime(2024, 7, 26)
"""What templates are told that ask for the date: what a plan counted and a resumed attempt learns must be the same text every
day. The day is the one that Llama's templates fall back to by themselves."""


class _GenerationBlocks(Extension):
    """`{% generation %}` marks the assistant's text for tokenizers that ask for a mask; here it renders its content."""

    tags = frozenset({"generation"})  # type: ignore[assignment]  # Jinja only looks names up in it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Also refuses products that would fill the memory."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401 - any value of a template
        numbers = [abs(value) for value in (left, right) if isinstance(value, int)]
        sizes = [len(value) for value in (left, right) if isinstance(value, Sized)]
        if operator == "**" and any(number > MAX_POWER for number in numbers):
            raise TemplateError(f"'**' with a number above {MAX_POWER}")
        if math.prod(numbers + sizes) > MAX_PRODUCT:
            raise TemplateError(f"'{operator}' that makes more than {MAX_PRODUCT}")
        return super().call_binop(context, operator, left, right)


def compile_template(source: str, special_tokens: Mapping[str, str]) -> Template:
    """A template as a function; `special_tokens` holds bos_token, eos_token and the like. Raises ModelUnsupported."""
    if len(source) > MAX_TEMPLATE_CHARACTERS:
        raise _unusable(f"it has {len(source)} characters, more than {MAX_TEMPLATE_CHARACTERS}")
    environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _GenerationBlocks])
    environment.filters["tojson"] = _to_json
    environment.globals.update(raise_exception=_raise, strftime_now=TODAY.strftime)
    try:
        with time_limit(MAX_SECONDS):
            compiled = environment.from_string(source)
    except Exception as error:  # foreign code: whatever it raises, it is the template's fault
        raise _unusable(str(error)) from error

    def render(messages: Sequence[Message], add_generation_prompt: bool, tools: str | None = None) -> str:
        turns = [_turn(message) for message in messages]
        given = {
            "messages": turns,
            "tools": json.loads(tools) if tools else None,
            "documents": None,
            "add_generation_prompt": add_generation_prompt,
        }
        try:
            with time_limit(MAX_SECONDS):
                text = compiled.render(**{**special_tokens, **given})
        except Exception as error:  # foreign code, as above
            raise _unusable(str(error) or type(error).__name__) from error
        if len(text) > MAX_RENDERED_CHARACTERS:
            raise _unusable(f"it makes {len(text)} characters of one row")
        return text

    return render


def _turn(message: Message) -> dict[str, Any]:
    """A turn as templates know it: tool calls in OpenAI's form, their arguments parsed."""
    turn = {key: value for key, value in message.document().items() if key != "train"}
    if message.tool_calls:
        turn["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _parsed(call.arguments)}}
            for call in message.tool_calls
        ]
    return turn


def _parsed(arguments: str) -> Any:  # noqa: ANN401 - any JSON
    """Arguments that are no JSON reach the template as the text they are."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Jinja's own filter escapes HTML, which no model has seen."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _unusable(why: str) -> TrainerFailure:
    return invalid(
        Reason.MODEL_UNSUPPORTED,
        f"the model's chat template cannot be rendered: {why[:300]}",
        "use an instruction-tuned model with a working chat template",
    )
