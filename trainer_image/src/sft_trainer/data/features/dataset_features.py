"""The figures themselves, as they stand in report.json."""

from __future__ import annotations

from sft_trainer.contract.wire import ContractModel


class Histogram(ContractModel):
    """Bin `i` counts the values from `edges[i]` up to, not including, `edges[i + 1]`."""

    edges: list[int]
    counts: list[int]


class Lengths(ContractModel):
    """How long something is, over all rows."""

    total: int
    mean: float
    median: int
    percentile_90: int
    percentile_99: int
    longest: int
    histogram: Histogram


class Cut(ContractModel):
    """What one maxSequenceLength would cut."""

    max_sequence_length: int
    rows: int
    """Examples that are longer."""
    tokens: int
    """Tokens that stand behind the cut."""


class TokenFigures(ContractModel):
    """Tokens as the target model sees them, its chat template around them."""

    examples: int
    """More than rows where the template makes each answer an example of its own."""
    tokens: int
    trained_tokens: int
    lengths: Lengths
    cuts: list[Cut]


class Distinct(ContractModel):
    """Share of n-grams of words that differ from one another; the fewer rows, the higher."""

    rows: int
    words: int
    distinct_1: float
    distinct_2: float
    distinct_3: float


class VerbObject(ContractModel):
    """What instructions ask for: a verb and what it is done to."""

    verb: str
    object: str
    rows: int


class Diversity(ContractModel):
    """How varied a sample of the rows is."""

    sampled_rows: int
    distinct: dict[str, Distinct]
    """By language, of the answers' words."""
    verb_objects: list[VerbObject]
    """The most frequent pairs of the instructions."""
    distinct_verb_objects: int
    rows_with_verb_object: int
    method: str


class DatasetFeatures(ContractModel):
    """All figures about the kept rows of a version."""

    rows: dict[str, int]
    """By split."""
    languages: dict[str, int]
    domains: dict[str, int]
    shapes: dict[str, int]
    """Rows that have a system prompt, several answers, tool calls, reasoning."""
    instruction_characters: Lengths
    answer_characters: Lengths
    diversity: Diversity
    tokens: TokenFigures | None = None
    """None without a target model."""
