"""Measures the rows that a version keeps, one after the other."""

from __future__ import annotations

from collections import Counter

from sft_trainer.contract.features import FeatureSettings
from sft_trainer.data.features.dataset_features import DatasetFeatures
from sft_trainer.data.features.diversity import diversity
from sft_trainer.data.features.language_mix import language_of
from sft_trainer.data.features.lengths import LengthCounter
from sft_trainer.data.features.row_sample import RowSample
from sft_trainer.data.features.token_lengths import TokenCounter, TokenLengths
from sft_trainer.data.render import Template
from sft_trainer.data.rows import Content

ONE_ANSWER = "oneAnswer"
SEVERAL_ANSWERS = "severalAnswers"
SYSTEM_PROMPT = "systemPrompt"
TOOL_CALLS = "toolCalls"
REASONING = "reasoning"
JUDGED_OF_EACH = 150
"""Characters of the instruction and of the answer by which a row's language is told."""


class Features:
    """Takes every kept row, gives the figures. Without a model's tokenizer and template no tokens are counted."""

    def __init__(self, settings: FeatureSettings, counter: TokenCounter | None = None, template: Template | None = None) -> None:
        self._settings = settings
        self._tokens = TokenLengths(counter, template) if counter and template else None
        self._sample = RowSample(settings.sampled_rows)
        self._rows: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._domains: Counter[str] = Counter()
        self._shapes: Counter[str] = Counter()
        self._instructions = LengthCounter()
        self._answers = LengthCounter()

    def add(self, content: Content, split: str, domain: str) -> None:
        """One more row. Raises ModelUnsupported when the template cannot render it."""
        instruction = next((message.content for message in content.messages if message.role == "user"), "")
        answers = [message.content for message in content.messages if message.role == "assistant"]
        answer = answers[0] if len(answers) == 1 else "\n".join(answers)
        self._rows[split] += 1
        self._domains[domain] += 1
        self._languages[language_of(f"{instruction[:JUDGED_OF_EACH]}\n{answer[:JUDGED_OF_EACH]}")] += 1
        self._count_shape(content, len(answers))
        self._instructions.add(len(instruction))
        self._answers.add(len(answer))
        self._sample.add(instruction, answer)
        if self._tokens:
            self._tokens.add(content)

    def _count_shape(self, content: Content, answers: int) -> None:
        shapes = self._shapes
        shapes[ONE_ANSWER if answers == 1 else SEVERAL_ANSWERS] += 1
        if content.messages and content.messages[0].role == "system":
            shapes[SYSTEM_PROMPT] += 1
        if any(message.tool_calls for message in content.messages):
            shapes[TOOL_CALLS] += 1
        if any(message.reasoning_content for message in content.messages):
            shapes[REASONING] += 1

    def result(self) -> DatasetFeatures:
        """Of all rows so far."""
        return DatasetFeatures(
            rows=dict(sorted(self._rows.items())),
            languages=_by_count(self._languages),
            domains=_by_count(self._domains),
            shapes=dict(sorted(self._shapes.items())),
            instruction_characters=self._instructions.result(),
            answer_characters=self._answers.result(),
            diversity=diversity(self._sample.rows()),
            tokens=self._tokens.result(self._settings.sequence_lengths) if self._tokens else None,
        )


def _by_count(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
