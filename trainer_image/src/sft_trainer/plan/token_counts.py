"""Counts what a run will train on, with the model's own tokenizer and template."""

from __future__ import annotations

from collections.abc import Iterable

from sft_trainer.contract import DataStats, Reason
from sft_trainer.data.digest import TRAIN
from sft_trainer.data.render import Encode, Template, cut, render
from sft_trainer.data.rows import Row
from sft_trainer.failure import invalid


def count_tokens(rows: Iterable[tuple[str, Row]], template: Template, encode: Encode, max_tokens: int) -> DataStats:
    """DataStats of the rows, each with its split, cut at `max_tokens` as training cuts them. Holds one row at a time."""
    tokens = trained = truncated = longest = learnable = evaluated = 0
    for split, row in rows:
        if split != TRAIN:
            evaluated += 1
            continue
        for whole in render(row.content, template, encode):
            kept = cut(whole, max_tokens)
            tokens += len(kept.ids)
            trained += sum(kept.learned)
            learnable += any(kept.learned)
            truncated += len(whole.ids) > max_tokens
            longest = max(longest, len(whole.ids))
    if not learnable:
        raise invalid(
            Reason.TOO_FEW_ROWS,
            f"no train row has an answer within maxSequenceLength {max_tokens}; the longest row has {longest} tokens",
            "raise spec.training.maxSequenceLength, or lower the dataset's split.evalPercent",
        )
    return DataStats(
        train_rows=learnable,
        eval_rows=evaluated,
        tokens=tokens,
        trained_tokens=trained,
        truncated_rows=truncated,
        longest_row_tokens=longest,
    )
