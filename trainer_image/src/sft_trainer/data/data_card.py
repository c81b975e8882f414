"""README.md of a published version."""

from __future__ import annotations


def data_card(name: str, digest: str, train_rows: int, eval_rows: int) -> str:
    """Markdown. It depends on the rows alone, so that the same version always has the same card."""
    return f"""# {name}

Instruction data, prepared by sft-operator. Version `{digest}`.

| split | rows |
|---|---|
| train | {train_rows} |
| eval | {eval_rows} |

Each row has `id` (sha256 of its content), `messages` and `meta` (source, file, line it was read from).
The version's name is the digest of its rows and their split: other rows have another name.
"""
