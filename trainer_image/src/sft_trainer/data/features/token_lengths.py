"""Tokens of every row as the target model sees it, and what a maxSequenceLength would cut."""

from __future__ import annotations

from collections.abc import Sequence

from sft_trainer.data.features.dataset_features import TokenFigures
from sft_trainer.data.features.lengths import LengthCounter
from sft_trainer.data.features.template_frames import TemplateFrames
from sft_trainer.data.render import Encode, Template
from sft_trainer.data.rows import Content


class TokenLengths:
    """Counts rows with a tokenizer and a chat template."""

    def __init__(self, encode: Encode, template: Template) -> None:
        self._encode = encode
        self._frames = TemplateFrames(template)
        self._lengths = LengthCounter()
        self._trained = 0

    def add(self, content: Content) -> None:
        """One more row. Raises ModelUnsupported."""
        for spans in self._frames.examples(content):
            length = 0
            for text, is_learned in spans:
                tokens = len(self._encode(text))
                length += tokens
                if is_learned:
                    self._trained += tokens
            self._lengths.add(length)

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
