"""Messages into token ids and a mask of what is learned. The one rule that plans count with and training learns from.

Loss is on each assistant turn that is to be trained: its content and what the template puts after it to end the turn, not the
words that open it. The template is rendered up to and including each assistant turn; where the texts are prefixes of each other,
the differences are the turns. A template that rewrites earlier turns is refused rather than learned wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sft_trainer.contract import Reason
from sft_trainer.data.rows import Content, Message
from sft_trainer.failure import invalid

Encode = Callable[[str], list[int]]
"""Text -> token ids; special tokens in the text become their ids, and none are added."""


class Template(Protocol):
    """A model's chat template."""

    def __call__(self, messages: Sequence[Message], add_generation_prompt: bool, tools: str | None = None) -> str:
        """The conversation as text; with `add_generation_prompt` an assistant turn is opened. `tools` is JSON text."""
        ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """One row as the model sees it; `learned` has an entry for each token."""

    ids: list[int]
    learned: list[bool]


def render(content: Content, template: Template, encode: Encode) -> Rendered:
    """Token ids and mask of one row, not yet cut."""
    ids: list[int] = []
    learned: list[bool] = []
    done = ""
    messages, tools = content
    for position, message in enumerate(messages):
        if message.role != "assistant":
            continue
        opened = _rest(template(messages[:position], True, tools), done)
        closed = _rest(template(messages[: position + 1], False, tools), done + opened)
        for text, is_learned in ((opened, False), (closed, message.train)):
            tokens = encode(text)
            ids += tokens
            learned += [is_learned] * len(tokens)
        done += opened + closed
    return Rendered(ids, learned)


def _rest(text: str, prefix: str) -> str:
    if not text.startswith(prefix):
        raise invalid(
            Reason.MODEL_UNSUPPORTED,
            "the model's chat template changes earlier turns when later ones follow, so what is learned cannot be told apart",
            "use a model whose template renders turn by turn",
        )
    return text[len(prefix) :]


def cut(rendered: Rendered, max_tokens: int) -> Rendered:
    """The first tokens of a row."""
    return Rendered(rendered.ids[:max_tokens], rendered.learned[:max_tokens])
