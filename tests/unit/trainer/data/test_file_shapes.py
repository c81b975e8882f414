"""A file of which no row is of a known shape is refused, with what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sft_trainer.contract import RowFormat
from sft_trainer.data.detection.lines import Line
from sft_trainer.data.file_shapes import ROWS_TO_JUDGE, FileShapes
from sft_trainer.data.parse import parse_line
from sft_trainer.data.rows import RowRejected
from sft_trainer.failure import TrainerFailure


def _note_all(shapes: FileShapes, line: Line) -> None:
    for _ in range(ROWS_TO_JUDGE):
        try:
            shapes.note(line, parse_line(line, RowFormat.AUTO).shape)
        except RowRejected as rejected:
            shapes.note_rejected(line, rejected.reason)


def refusal(row: dict[str, Any]) -> str:
    """What the owner of a file of such rows is told."""
    shapes = FileShapes("s")
    line = Line("f.jsonl", 1, json.dumps(row).encode())
    with pytest.raises(TrainerFailure) as caught:
        _note_all(shapes, line)
    return f"{caught.value.message}; {caught.value.remedy}"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"id": 1, "ask_": "q?", "rep_": "a long answer", "time": "t"}, "{prompt: ask_, response: rep_}"),
        ({"id": "1", "question": "q", "context": "c", "answer": "a"}, "{prompt: question, input: context, response: answer}"),
        ({"question": "q", "country": "France", "answer": "a"}, "what they are: country"),
        ({"question": "q", "country": "France", "answer": "a"}, "{prompt: question, input: country, response: answer}"),
        ({"id": 1, "prompt": "p", "chosen": "c", "rejected": "r"}, "{prompt: prompt, response: chosen}"),
        ({"id": 1, "text": "t"}, "split the text"),
    ],
)
def test_the_remedy_names_the_columns_that_are_meant(row: dict[str, Any], says: str) -> None:
    assert says in refusal(row)


def test_a_first_row_that_was_taken_for_names_is_masked() -> None:
    assert "13812349876" not in refusal({"张三": "李四", "13812349876": "x"})


def test_several_shapes_in_one_file_are_told_with_their_shares() -> None:
    shapes = FileShapes("s")
    line = Line("f.jsonl", 1, b"")
    for shape in (RowFormat.ALPACA, RowFormat.ALPACA, RowFormat.ALPACA, RowFormat.MESSAGES):
        shapes.note(line, shape)
    assert shapes.shape_of("f.jsonl") == "Alpaca 75.0 %, Messages 25.0 %"
