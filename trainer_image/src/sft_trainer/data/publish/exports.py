"""A version in the shapes that other trainers read. Rows stream through; what a shape has no place for is counted, by name.

LLaMA-Factory: sharegpt with dataset_info.json. ms-swift: its messages with `loss`. OpenAI: chat fine-tuning JSONL with `weight`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sft_trainer.contract.export import ExportShape
from sft_trainer.contract.wire import ContractModel
from sft_trainer.data.publish.export_shapes import CHANGES, NotInShape, Turns, llama_factory_row, ms_swift_row, openai_row
from sft_trainer.data.rows import Content


class ExportSummary(ContractModel):
    """What an export holds, and what it could not."""

    shape: ExportShape
    rows: int
    left_out: dict[str, int]
    """Rows that are not there, by why the shape cannot hold them."""
    dropped: dict[str, int]
    """Rows that are there without something, by what it is."""
    changed: dict[str, int]
    """Rows that are whole and written otherwise, by how."""


_ROWS: Mapping[ExportShape, Turns] = {
    ExportShape.LLAMA_FACTORY: llama_factory_row,
    ExportShape.MS_SWIFT: ms_swift_row,
    ExportShape.OPENAI: openai_row,
}


def export(shape: ExportShape, contents: Iterable[Content], file: Path) -> ExportSummary:
    """Writes one JSONL file."""
    left_out: Counter[str] = Counter()
    noted: Counter[str] = Counter()
    rows = 0
    with file.open("wb") as lines:
        for content in contents:
            notes: set[str] = set()
            try:
                row = _ROWS[shape](content, notes)
            except NotInShape as reason:
                left_out[reason.name] += 1
                continue
            lines.write(_line(row))
            noted.update(notes)
            rows += 1
    by_name = sorted(noted.items())
    return ExportSummary(
        shape=shape,
        rows=rows,
        left_out=dict(sorted(left_out.items())),
        dropped={name: count for name, count in by_name if name not in CHANGES},
        changed={name: count for name, count in by_name if name in CHANGES},
    )


def _line(row: Mapping[str, Any]) -> bytes:
    """Text as it is; half a surrogate pair, which JSON can name and UTF-8 cannot hold, escaped."""
    try:
        return f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n".encode()
    except UnicodeEncodeError:
        return f"{json.dumps(row, allow_nan=False)}\n".encode()


def dataset_info(name: str, files: Mapping[str, str]) -> dict[str, Any]:
    """LLaMA-Factory's dataset_info.json for files by split. All columns are named: once one is, the others' defaults are lost."""
    return {
        f"{name}_{split}": {
            "file_name": file,
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
            "tags": {
                "role_tag": "from",
                "content_tag": "value",
                "user_tag": "human",
                "assistant_tag": "gpt",
                "observation_tag": "observation",
                "function_tag": "function_call",
            },
        }
        for split, file in files.items()
    }
