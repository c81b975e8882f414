"""README.md of a published version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def data_card(name: str, digest: str, counts: Mapping[str, int], sources: Sequence[str]) -> str:
    """Markdown. It depends on the rows alone, so that the same version always has the same card."""
    return f"""# {name}

Instruction data, prepared by sft-operator. Version `{digest}`.

| split | rows |
|---|---|
| train | {counts["train"]} |
| eval | {counts["eval"]} |

Sources: {", ".join(sources)}. Each row has `id` (sha256 of its content), `messages` and `meta` (source, file, line).
The version's name is the digest of its rows and their split: other rows have another name.
"""
