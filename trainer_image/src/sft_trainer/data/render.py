"""Messages into token ids and a mask of what is learned. The one rule that plans count with and training learns from.

Loss is on each assistant turn that is to be trained: its content and what the template puts after it to end the turn, not the
words that open it. The template is rendered up to and including each assistant turn; where the texts are prefixes of each other,
the differences are the turns, and a row is one example. Some templates rewrite earlier turns (Qwen3's drops their reasoning):
there each answer is an example of its own, after the conversation as the model sees it when it is asked for that answer.
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
    """One example as the model sees it; `learned` has an entry for each token."""

    ids: list[int]
    learned: list[bool]


class _RewritesEarlierTurns(Exception):
    """A rendered conversation does not begin with what was rendered of its beginning."""


def render(content: Content, template: Template, encode: Encode) -> list[Rendered]:
    """The examples of one row, not yet cut: one, or one an answer. Raises ModelUnsupported."""
    answers = [position for position, message in enumerate(content.messages) if message.role == "assistant"]
    try:
        return [_example(content, answers, template, encode)]
    except _RewritesEarlierTurns:
        trained = [position for position in answers if content.messages[position].train]
    try:
        return [_example(content, [position], template, encode) for position in trained]
    except _RewritesEarlierTurns as error:
        raise invalid(
            Reason.MODEL_UNSUPPORTED,
            "the model's chat template renders an answer otherwise than it opens it, so what is learned cannot be told apart",
            "use a model whose template opens an assistant turn as it renders one",
        ) from error


def _example(content: Content, answers: Sequence[int], template: Template, encode: Encode) -> Rendered:
    """What is learned are the answers at these positions."""
    messages, tools = content
    ids: list[int] = []
    learned: list[bool] = []
    done = ""
    for position in answers:
        opened = _rest(template(messages[:position], True, tools), done)
        closed = _rest(template(messages[: position + 1], False, tools), done + opened)
        for text, is_learned in ((opened, False), (closed, messages[position].train)):
            tokens = encode(text)
            ids += tokens
            learned += [is_learned] * len(tokens)
        done += opened + closed
    return Rendered(ids, learned)


def _rest(text: str, prefix: str) -> str:
    if not text.startswith(prefix):
        raise _RewritesEarlierTurns
    return text[len(prefix) :]


def cut(rendered: Rendered, max_tokens: int) -> Rendered:
    """The first tokens of an example."""
    return Rendered(rendered.ids[:max_tokens], rendered.learned[:max_tokens])
