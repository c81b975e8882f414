"""Tokens of every row as the target model sees it, and what a maxSequenceLength would cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sft_trainer.data.features.dataset_features import TokenFigures
from sft_trainer.data.features.lengths import LengthCounter
from sft_trainer.data.features.template_frames import Frame, Part, TemplateFrames, parts_of, spans_of
from sft_trainer.data.render import Encode, Template
from sft_trainer.data.rows import Content


class TokenCounter(Protocol):
    """A tokenizer, as far as numbers of tokens go."""

    def count(self, text: str) -> int:
        """The tokens of a text."""
        ...

    def parts(self, text: str) -> list[str]:
        """The text in parts whose tokens do not depend on one another."""
        ...


class ExactCounter:
    """Counts with the tokenizer itself."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def count(self, text: str) -> int:
        """The tokens of a text."""
        return len(self._encode(text))

    def parts(self, text: str) -> list[str]:
        """Nothing is known of where it may be cut."""
        return [text]


class _Counted(NamedTuple):
    """A part of a frame: what is the same in every row is counted, and what a turn stands in is still to be."""

    tokens: int
    open: Sequence[Part]
    is_learned: bool


class TokenLengths:
    """Counts rows with a tokenizer and a chat template."""

    def __init__(self, counter: TokenCounter, template: Template) -> None:
        self._counter = counter
        self._template = template
        self._frames = TemplateFrames(template)
        self._counted: dict[int, list[_Counted]] = {}
        """By the identity of their frames, which live as long as this."""
        self._lengths = LengthCounter()
        self._trained = 0

    def add(self, content: Content) -> None:
        """One more row. Raises ModelUnsupported."""
        frame = self._frames.frame_for(content)
        if frame is not None:
            self._add_framed(frame, content)
            return
        for spans in spans_of(content, self._template):
            counts = [(self._counter.count(text), is_learned) for text, is_learned in spans]
            self._note(sum(tokens for tokens, _ in counts), sum(tokens for tokens, is_learned in counts if is_learned))

    def _add_framed(self, frame: Frame, content: Content) -> None:
        counted = self._counted.get(id(frame))
        if counted is None:
            counted = self._counted[id(frame)] = [self._count(part) for part in frame]
        length = trained = 0
        for part in counted:
            tokens = part.tokens
            for each in part.open:
                tokens += self._counter.count(each.filled(content.messages))
            length += tokens
            if part.is_learned:
                trained += tokens
        self._note(length, trained)

    def _count(self, part: Part) -> _Counted:
        pieces = parts_of(part, self._counter.parts)
        fixed = sum(self._counter.count(piece.texts[0]) for piece in pieces if not piece.turns)
        return _Counted(fixed, [piece for piece in pieces if piece.turns], part.is_learned)

    def _note(self, length: int, trained: int) -> None:
        self._lengths.add(length)
        self._trained += trained

    def result(self, sequence_lengths: Sequence[int]) -> TokenFigures:
        """The figures, with what each of these lengths would cut."""
        lengths = self._lengths.result()
        return TokenFigures(
            examples=len(self._lengths),
            tokens=lengths.total,
            trained_tokens=self._trained,
            lengths=lengths,
            cuts=[self._lengths.cut_at(limit) for limit in sorted(set(sequence_lengths))],
        )
