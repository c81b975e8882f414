"""Rows rendered without running the template for each: conversations of one shape have the same text around their turns.

The frame of a shape is what the template makes of marks in place of texts. Templates may look into texts (trim them, take
reasoning out), so texts that invite it are rendered in full, and of the others every CHECKED_EVERY-th is compared with what the
template makes of it; a shape that ever differs is rendered in full from then on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sft_trainer.data.render import Rendered, Template, render
from sft_trainer.data.rows import Content, Message

CHECKED_EVERY = 64
"""Costs 2 % of rendering them all, and finds a template that looks into one text of a hundred within some thousand rows."""
CHECKED_FIRST = 8
MAX_TURNS = 20
"""Longer conversations are rare, and each length is a shape of its own."""
MAX_SHAPES = 500

_MARK = re.compile("\ue0f7(\\d+)\ue0f8")
_PLAIN = Message("", "")[3:]
Shape = tuple[tuple[str, bool], ...]


class Span(NamedTuple):
    """A stretch of a conversation that is encoded at once."""

    text: str
    is_learned: bool


class Part(NamedTuple):
    """One span of a frame: texts, and between each two the number of the turn whose content stands there."""

    texts: Sequence[str]
    turns: Sequence[int]
    is_learned: bool

    def filled(self, messages: Sequence[Message]) -> str:
        """The span of a row."""
        if len(self.turns) == 1:
            return f"{self.texts[0]}{messages[self.turns[0]].content}{self.texts[1]}"
        filled = [self.texts[0]]
        for turn, text in zip(self.turns, self.texts[1:], strict=True):
            filled += (messages[turn].content, text)
        return "".join(filled)


Frame = Sequence[Part]


class TemplateFrames:
    """Spans of rows, as `render` would encode them."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._frames: dict[Shape, Frame | None] = {}
        self._seen: dict[Shape, int] = {}
        self.differing_shapes = 0

    def examples(self, content: Content) -> list[list[Span]]:
        """One list of spans an example. Raises ModelUnsupported."""
        frame = self.frame_for(content)
        return spans_of(content, self._template) if frame is None else [_spans(frame, content)]

    def frame_for(self, content: Content) -> Frame | None:
        """What a row is filled into; None for a row that must be rendered in full. Raises ModelUnsupported."""
        shape = _shape_of(content)
        if shape is None:
            return None
        if shape not in self._frames:
            self._frames[shape] = self._frame(shape) if len(self._frames) < MAX_SHAPES else None
        frame = self._frames[shape]
        if frame is None:
            return None
        seen = self._seen[shape] = self._seen.get(shape, -1) + 1
        if seen >= CHECKED_FIRST and seen % CHECKED_EVERY:
            return frame
        if spans_of(content, self._template) != [_spans(frame, content)]:
            self._frames[shape] = None
            self.differing_shapes += 1
            return None
        return frame

    def _frame(self, shape: Shape) -> Frame | None:
        marked = tuple(Message(role, f"\ue0f7{turn}\ue0f8", train) for turn, (role, train) in enumerate(shape))
        examples = spans_of(Content(marked), self._template)
        if len(examples) != 1:
            return None
        return [_part(text, is_learned) for text, is_learned in examples[0]]


def _part(text: str, is_learned: bool) -> Part:
    pieces = _MARK.split(text)
    return Part(pieces[::2], [int(turn) for turn in pieces[1::2]], is_learned)


def parts_of(part: Part, cut: Callable[[str], Sequence[str]]) -> list[Part]:
    """A part in smaller ones, cut where `cut` says; a turn is never cut."""
    marked = part.texts[0] + "".join(f"\ue0f7{turn}\ue0f8{text}" for turn, text in zip(part.turns, part.texts[1:], strict=True))
    return [_part(piece, part.is_learned) for piece in cut(marked)]


def _spans(frame: Frame, content: Content) -> list[Span]:
    return [Span(part.filled(content.messages), part.is_learned) for part in frame]


def spans_of(content: Content, template: Template) -> list[list[Span]]:
    """What `render` encodes: it is given an encoder that writes down what it is asked for."""
    texts: list[str] = []

    def note(text: str) -> list[int]:
        texts.append(text)
        return [len(texts) - 1]

    examples: list[Rendered] = render(content, template, note)
    return [
        [Span(texts[number], learned) for number, learned in zip(example.ids, example.learned, strict=True)]
        for example in examples
    ]


def _shape_of(content: Content) -> Shape | None:
    """Roles and training flags; None for what is rendered in full."""
    messages, tools = content
    if tools is not None or len(messages) > MAX_TURNS:
        return None
    shape = []
    for message in messages:
        text = message.content
        if message[3:] != _PLAIN or not text or text[0].isspace() or text[-1].isspace() or "think>" in text:
            return None
        shape.append((message.role, message.train))
    return tuple(shape)
