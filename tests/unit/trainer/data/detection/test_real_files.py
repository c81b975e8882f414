"""Every real file is taken for what it is, and nearly all of its rows are read."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from sft_trainer.contract import NetworkSettings, RowFormat, Source, StoreSource
from sft_trainer.data.file_shapes import FileShapes
from sft_trainer.data.parse import parse_line
from sft_trainer.data.rows import RowRejected
from sft_trainer.data.sources import SourceReader

FILES = {
    "alpaca_en_demo.json": ("UTF-8", "JSON array", "Alpaca", 999),
    "alpaca_zh_demo.json": ("UTF-8", "JSON array", "Alpaca", 1_000),
    "disc_finllm_consulting.json": ("UTF-8", "JSON array", "Alpaca", 100),
    "disc_finllm_task.json": ("UTF-8", "JSON array", "Alpaca", 100),
    "fastchat_dummy_conversation.json": ("UTF-8", "JSON array", "ShareGPT", 500),
    "glaive_toolcall_zh_demo.json": ("UTF-8", "JSON array", "ShareGPT", 300),
    "medicalgpt_medical_sft_1k.jsonl": ("UTF-8", "JSON lines", "ShareGPT", 1_000),
    "medicalgpt_sharegpt_zh_1k.jsonl": ("UTF-8", "JSON lines", "ShareGPT", 1_000),
    "self_instruct_seed_tasks.jsonl": ("UTF-8", "JSON lines", "SeedTasks", 175),
    "toyhom_internal_medicine_gbk.csv": ("GB18030 (GBK)", "table", "QuestionAnswer", 7_644),
}


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_is_read(tmp_path: Path, name: str) -> None:
    if "SFT_TEST_DATA" not in os.environ:
        pytest.skip(f"SFT_TEST_DATA is not set to the folder with {name}")
    path = Path(os.environ["SFT_TEST_DATA"]) / name
    reader = SourceReader(Source(name="s", store=StoreSource(uri=f"file://{path}")), NetworkSettings())
    shapes, reasons, count = FileShapes("s"), Counter[str](), 0
    for line in reader.lines(tmp_path):
        count += 1
        try:
            shapes.note(line, parse_line(line, RowFormat.AUTO).shape)
        except RowRejected as rejected:
            reasons[rejected.reason] += 1
    [file] = reader.files
    assert (file.form.encoding_name, str(file.form.layout), shapes.shape_of(file.key), count) == FILES[name]
    assert reasons.total() <= 0.01 * count, reasons
