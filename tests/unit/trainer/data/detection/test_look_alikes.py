"""Files of every known shape, in every layout, encoding and container: what is read is what was written, or a clear error."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from openpyxl import Workbook

from sft_trainer.contract import NetworkSettings, RowFormat, Source, StoreSource
from sft_trainer.data.parse import parse_line
from sft_trainer.data.rows import RowRejected
from sft_trainer.data.sources import SourceReader

PAIRS = [
    ("水泵为什么会自己停下来？", "因为水位太低，它在保护自己。请先检查进水口，再按一次开关。"),
    ("How do I reset the pump,\nstep by step?", 'Hold the "R" key for ten seconds; then wait.'),
    ("请把下面这句话翻译成英文：今天天气很好，我们一起去公园吧。", "The weather is nice today; let us go to the park."),
    ("血压有点高的人平时吃饭要注意什么？", "少吃盐，多吃蔬菜和水果，每天走路，并按医生说的时间吃药。"),
]
Row = dict[str, Any]
Turn = tuple[str, str]


def human(said: str) -> str:
    return f"<|Human|>: {said}<eoh>\n"


def moss(said: str) -> str:
    return f"<|MOSS|>: {said}<eom>\n"


SHAPES: dict[str, Callable[[str, str], Any]] = {
    "alpaca": lambda q, a: {"instruction": q, "input": "", "output": a},
    "alpaca without input": lambda q, a: {"instruction": q, "input": "<noinput>", "output": a},
    "alpaca in Chinese": lambda q, a: {"指令": q, "输入": "无", "输出": a},
    "dolly": lambda q, a: {"instruction": q, "context": "", "response": a, "category": "qa"},
    "instruction, target": lambda q, a: {"instruction": q, "target": a},
    "messages": lambda q, a: {"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]},
    "messages in parts": lambda q, a: {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": q}]},
            {"role": "assistant", "content": [{"type": "text", "text": a}]},
        ]
    },
    "messages as text": lambda q, a: {
        "messages": json.dumps([{"role": "user", "content": q}, {"role": "assistant", "content": a}])
    },
    "dialog": lambda q, a: {"dialog": [{"role": "user", "content": q}, {"role": "assistant", "content": a}], "turns": 2},
    "bare list of turns": lambda q, a: [{"role": "user", "content": q}, {"role": "assistant", "content": a}],
    "sharegpt": lambda q, a: {"id": "x", "conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]},
    "sharegpt, other names": lambda q, a: {"conversation": [{"from": "user", "value": q}, {"from": "bot", "value": a}]},
    "pair turns": lambda q, a: {"conversation": [{"human": q, "assistant": a}], "category": "chat"},
    "moss": lambda q, a: {
        "chat": {"turn_1": {"Human": human(q), "Inner Thoughts": "None", "Commands": "None", "MOSS": moss(a)}},
        "num_turns": 1,
    },
    "seed task": lambda q, a: {"id": "seed", "instruction": q, "instances": [{"input": "", "output": a}]},
    "prompt, completion": lambda q, a: {"prompt": q, "completion": a},
    "prompt, response": lambda q, a: {"prompt": q, "response": a},
    "prompt, completion in turns": lambda q, a: {
        "prompt": [{"role": "user", "content": q}],
        "completion": [{"role": "assistant", "content": a}],
    },
    "question, answer": lambda q, a: {"question": q, "answer": a},
    "query, response": lambda q, a: {"query": q, "response": a},
    "title, ask, answer": lambda q, a: {"department": "心内科", "title": "水泵", "ask": q, "answer": a},
    "问题, 答案": lambda q, a: {"问题": q, "答案": a},
    "input, output": lambda q, a: {"input": q, "output": a},
    "input, output in lists": lambda q, a: {"input": [q], "output": [a]},
    "row in a list": lambda q, a: [{"instruction": q, "output": a}],
}


def json_lines(rows: list[Any]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def windows_lines(rows: list[Any]) -> str:
    return json_lines(rows).replace("\n", "\r\n") + "\r\n"


def array(rows: list[Any]) -> str:
    return json.dumps(rows, ensure_ascii=False)


def pretty_array(rows: list[Any]) -> str:
    return json.dumps(rows, ensure_ascii=False, indent=2)


def wrapped(rows: list[Any]) -> str:
    return json.dumps({"version": 1, "meta": {"a": [1]}, "data": rows}, ensure_ascii=False)


def pretty_values(rows: list[Any]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False, indent=4) for row in rows)


def with_dots(rows: list[Any]) -> str:
    return json_lines(rows) + "\n......\n"


LAYOUTS = {layout.__name__: layout for layout in (json_lines, windows_lines, array, pretty_array, wrapped, pretty_values)}
ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-32"]
CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "zstd in two frames": lambda data: b"".join(
        zstandard.ZstdCompressor(write_checksum=True).compress(part) for part in (data[: len(data) // 2], data[len(data) // 2 :])
    ),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def expected() -> list[list[Turn]]:
    return [[("user", question), ("assistant", answer)] for question, answer in PAIRS]


def read(folder: Path, data: bytes, name: str = "rows.data", row_format: RowFormat = RowFormat.AUTO) -> list[list[Turn]]:
    (folder / name).write_bytes(data)
    source = Source(name="s", store=StoreSource(uri=f"file://{folder}/{name}"), format=row_format)
    rows = []
    for line in SourceReader(source, NetworkSettings()).lines(folder):
        try:
            content = parse_line(line, row_format).content
        except RowRejected as rejected:
            rows.append([("rejected", rejected.reason)])
        else:
            rows.append([(message.role, message.content) for message in content.messages])
    return rows


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read_in_every_layout(tmp_path: Path, shape: str, layout: str) -> None:
    rows = [SHAPES[shape](question, answer) for question, answer in PAIRS]
    if isinstance(rows[0], list) and layout == "pretty_values":
        pytest.skip("lists over several lines, without a list around them, are no layout of rows")
    assert read(tmp_path, LAYOUTS[layout](rows).encode()) == expected()


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_is_read_in_every_container(tmp_path: Path, encoding: str, container: str) -> None:
    text = json_lines([SHAPES["alpaca"](question, answer) for question, answer in PAIRS])
    assert read(tmp_path, CONTAINERS[container](text.encode(encoding))) == expected()


@pytest.mark.parametrize("delimiter", [",", "\t", ";"], ids=["comma", "tab", "semicolon"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("names", [("instruction", "output"), ("问题", "答案"), ("ask", "answer")], ids="-".join)
def test_every_table_of_text_is_read(tmp_path: Path, encoding: str, delimiter: str, names: tuple[str, str]) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([names, *PAIRS])
    assert read(tmp_path, text.getvalue().encode(encoding)) == expected()


def test_turns_in_a_cell_are_read(tmp_path: Path) -> None:
    text = io.StringIO()
    turns = [json.dumps(SHAPES["sharegpt"](*pair)["conversations"], ensure_ascii=False) for pair in PAIRS]
    csv.writer(text).writerows([["id", "conversations"], *enumerate(turns)])
    assert read(tmp_path, text.getvalue().encode()) == expected()


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if isinstance(SHAPES[shape]("q", "a"), dict) and shape != "moss"])
def test_every_shape_is_read_from_parquet(tmp_path: Path, shape: str) -> None:
    table = pa.Table.from_pylist([SHAPES[shape](question, answer) for question, answer in PAIRS])
    pq.write_table(table, path := tmp_path / "made.parquet")
    assert read(tmp_path, path.read_bytes()) == expected()


def test_an_arrow_file_is_read(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([SHAPES["alpaca"](question, answer) for question, answer in PAIRS])
    with pa.ipc.new_file(path := tmp_path / "made.arrow", table.schema) as writer:
        writer.write_table(table)
    assert read(tmp_path, path.read_bytes()) == expected()


def test_an_excel_sheet_is_read(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["问题", "答案", "编号"])
    for question, answer in PAIRS:
        sheet.append([question, answer, 7])
    workbook.save(path := tmp_path / "made.xlsx")
    assert read(tmp_path, path.read_bytes()) == expected()


def test_a_last_line_that_is_no_json_loses_no_other(tmp_path: Path) -> None:
    rows = [SHAPES["alpaca"](question, answer) for question, answer in PAIRS]
    assert read(tmp_path, with_dots(rows).encode()) == [*expected(), [("rejected", "NotJson")]]


def test_one_broken_byte_in_a_long_utf_8_file_loses_one_row(tmp_path: Path) -> None:
    rows = [SHAPES["alpaca"](f"{question}{number}", answer) for number in range(30) for question, answer in PAIRS]
    data = json_lines(rows).encode().replace("水泵".encode(), b"\xe6\xb0" + "泵".encode(), 1)
    found = read(tmp_path, data)
    assert len(found) == 120
    assert found.count([("rejected", "NotUTF8")]) == 1


def test_words_that_only_look_like_json_keys_stay_text(tmp_path: Path) -> None:
    rows = [{"prompt": '{"role": "user"}', "completion": '[{"from": "x"}]'}]
    assert read(tmp_path, json_lines(rows).encode()) == [[("user", '{"role": "user"}'), ("assistant", '[{"from": "x"}]')]]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"question": "q", "context": "c", "answer": "a"}, "UnknownShape"),
        ({"question": "q", "A": "1", "B": "2", "answer": "A"}, "UnknownShape"),
        ({"query": "q", "history": []}, "UnknownShape"),
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, "PreferenceRow"),
        ({"prompt": "q", "completion": "a", "label": True}, "PreferenceRow"),
        ({"text": "<s>Human: q</s><s>Assistant: a</s>"}, "TextWithoutTurns"),
        ({"instruction": "q", "instances": [{"output": "a"}, {"output": "b"}]}, "SeveralInstances"),
        ({"input": ["q"], "output": ["a", "b"]}, "TurnsDoNotMatch"),
        (
            {"chat": {"turn_1": {"Human": human("q"), "Commands": '<|Commands|>: Search("x")<eoc>', "MOSS": moss("a")}}},
            "MossTools",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_what_would_be_silently_wrong_is_rejected(tmp_path: Path, row: Row, reason: str) -> None:
    assert read(tmp_path, json.dumps(row).encode()) == [[("rejected", reason)]]
