"""Counts what a run will train on, with the model's own tokenizer and template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sft_trainer.contract import DataStats, Reason
from sft_trainer.data.digest import EVAL, TRAIN
from sft_trainer.data.render import Encode, Template, cut, render
from sft_trainer.data.rows import Row
from sft_trainer.failure import invalid


def count_tokens(rows: Mapping[str, Sequence[Row]], template: Template, encode: Encode, max_tokens: int) -> DataStats:
    """DataStats of the rows, cut at `max_tokens` as training cuts them."""
    tokens = trained = truncated = longest = learnable = 0
    for row in rows[TRAIN]:
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
        eval_rows=len(rows[EVAL]),
        tokens=tokens,
        trained_tokens=trained,
        truncated_rows=truncated,
        longest_row_tokens=longest,
    )
