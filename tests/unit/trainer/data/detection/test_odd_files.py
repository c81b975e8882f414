"""Files that tools and people really make, a little off: each row is read right or rejected, or an error says what is there."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from sft_trainer.contract import NetworkSettings, RowFormat, Source, StoreSource
from sft_trainer.data.detection import csv_rows
from sft_trainer.data.parse import parse_line
from sft_trainer.data.rows import Content, RowRejected
from sft_trainer.data.sources import SourceReader
from sft_trainer.failure import TrainerFailure

DEEP = '{"a":' * 400 + "1" + "}" * 400
"""Deeper than orjson writes, and not too deep for it to read."""
ONE, TWO, THREE = ({"prompt": f"q{n}", "completion": f"a{n}"} for n in (1, 2, 3))


def contents(folder: Path, data: bytes) -> list[Content | str]:
    """What each row teaches, or why it was rejected."""
    (folder / "rows.data").write_bytes(data)
    reader = SourceReader(Source(name="s", store=StoreSource(uri=f"file://{folder}/rows.data")), NetworkSettings())
    found: list[Content | str] = []
    for line in reader.lines(folder):
        try:
            found.append(parse_line(line, RowFormat.AUTO).content)
        except RowRejected as rejected:
            found.append(rejected.reason)
    return found


def read(folder: Path, data: bytes) -> list[str]:
    """`question>answer` for each row, or why it was rejected."""
    return [
        content if isinstance(content, str) else ">".join(message.content for message in content.messages)
        for content in contents(folder, data)
    ]


def refusal(folder: Path, data: bytes) -> str:
    """What an unreadable file's owner is told."""
    with pytest.raises(TrainerFailure) as caught:
        read(folder, data)
    return f"{caught.value.message}; {caught.value.remedy}"


def parquet(table: pa.Table) -> bytes:
    pq.write_table(table, buffer := io.BytesIO())
    return buffer.getvalue()


def workbook(*sheets: list[list[Any]], hidden: int | None = None) -> bytes:
    book = Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet(f"more {number}")
        assert sheet is not None
        for row in rows:
            sheet.append(row)
        if number == hidden:
            sheet.sheet_state = "hidden"
    book.save(buffer := io.BytesIO())
    return buffer.getvalue()


def lines(*rows: object) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


class TestOneBrokenRow:
    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            (f'{{"prompt":"q","completion":"a","tools":[{DEEP}]}}', "BadTools"),
            (
                '{"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":'
                f'[{{"name":"f","arguments":{DEEP}}}]}}]}}',
                "BadToolCall",
            ),
            (
                json.dumps(
                    {
                        "conversations": [
                            {"from": "human", "value": "q"},
                            {"from": "function_call", "value": f'{{"name":"f","arguments":{DEEP}}}'},
                        ]
                    }
                ),
                "BadToolCall",
            ),
        ],
        ids=["tools", "arguments", "arguments in text"],
    )
    def test_tools_nested_deeper_than_can_be_written_reject_their_row(self, tmp_path: Path, row: str, reason: str) -> None:
        assert read(tmp_path, lines(ONE) + b"\n" + row.encode()) == ["q1>a1", reason]

    def test_a_column_of_text_that_is_not_utf_8_rejects_one_row(self, tmp_path: Path) -> None:
        ends = pa.array([0, 2, 4], pa.int32()).buffers()[1]
        prompts = pa.Array.from_buffers(pa.string(), 2, [None, ends, pa.py_buffer(b"ok\xff\xfe")])
        table = pa.table({"prompt": prompts, "completion": pa.array(["a", "b"])})
        assert read(tmp_path, parquet(table)) == ["ok>a", "NotJson"]

    @pytest.mark.parametrize(("when", "kind"), [(2**62, pa.timestamp("us")), (2**30, pa.date32())])
    def test_a_day_that_no_calendar_has_rejects_one_row(self, tmp_path: Path, when: int, kind: pa.DataType) -> None:
        table = pa.table({"prompt": ["q", "q1"], "completion": ["a", "a1"], "date": pa.array([when, 0], kind)})
        assert read(tmp_path, parquet(table)) == ["NotJson", "q1>a1"]

    def test_a_number_of_any_length_in_an_array_harms_no_other_row(self, tmp_path: Path) -> None:
        data = json.dumps([ONE, TWO], indent=1).encode().replace(b'"a1"', b"1" * 5000)
        assert read(tmp_path, data)[1] == "q2>a2"

    def test_a_broken_byte_in_a_pretty_array_rejects_one_row(self, tmp_path: Path) -> None:
        rows = [{"prompt": f"水泵为什么停下来{n}？", "completion": "水位太低。"} for n in range(30)]
        data = json.dumps(rows, ensure_ascii=False, indent=1).encode().replace("来7".encode(), b"\xe6\x9d" + b"7")
        found = read(tmp_path, data)
        assert len(found) == 30
        assert found[7] == "NotUTF8"

    def test_a_broken_byte_in_an_array_on_one_line_rejects_one_row(self, tmp_path: Path) -> None:
        rows = [{"prompt": f"水泵为什么停下来{n}？", "completion": "水位太低。"} for n in range(30)]
        data = json.dumps(rows, ensure_ascii=False).encode().replace("来7".encode(), b"\xe6\x9d" + b"7")
        assert read(tmp_path, data).count("NotUTF8") == 1


class TestNothingIsLeftUnread:
    def test_arrays_one_behind_the_other_are_all_read(self, tmp_path: Path) -> None:
        for dump in (json.dumps, lambda rows: json.dumps(rows, indent=1)):
            data = f"{dump([ONE])}\n{dump([TWO, THREE])}".encode()
            assert read(tmp_path, data) == ["q1>a1", "q2>a2", "q3>a3"]

    def test_what_goes_on_behind_an_array_is_told(self, tmp_path: Path) -> None:
        assert "behind its array" in refusal(tmp_path, json.dumps([ONE, TWO]).encode() + b"\n" + lines(THREE))
        assert "is no JSON" in refusal(tmp_path, json.dumps({"data": [ONE, TWO]}).encode() + b" trailing")

    def test_an_object_with_few_shot_examples_is_a_row_and_no_file_of_rows(self, tmp_path: Path) -> None:
        rows = [{"instruction": f"q{n}", "examples": [{"input": "x", "output": "y"}], "output": f"a{n}"} for n in (1, 2)]
        pretty = "\n".join(json.dumps(row, indent=1) for row in rows).encode()
        for data in (pretty, json.dumps(rows[0]).encode(), json.dumps(rows[0], indent=1).encode()):
            assert set(read(tmp_path, data)) == {"ColumnNotUsed"}

    def test_an_object_with_several_lists_of_rows_is_told(self, tmp_path: Path) -> None:
        for names in (("train", "validation"), ("test", "data"), ("data", "items")):
            data = json.dumps({names[0]: [ONE], names[1]: [TWO]}).encode()
            assert f"two lists of rows, '{names[0]}' and '{names[1]}'" in refusal(tmp_path, data)

    def test_an_empty_list_beside_the_rows_is_none(self, tmp_path: Path) -> None:
        assert read(tmp_path, json.dumps({"items": [], "data": [ONE]}).encode()) == ["q1>a1"]

    @pytest.mark.parametrize(
        "table",
        [
            {"input": ["q1", "q2"], "output": ["a1", "a2"]},
            {"instruction": {"0": "q1", "1": "q2"}, "output": {"0": "a1", "1": "a2"}},
        ],
    )
    def test_a_table_by_columns_is_no_conversation(self, tmp_path: Path, table: dict[str, Any]) -> None:
        assert "by columns" in refusal(tmp_path, json.dumps(table).encode())
        assert "by columns" in refusal(tmp_path, json.dumps(table, indent=1).encode())

    def test_all_visible_sheets_of_a_workbook_are_read(self, tmp_path: Path) -> None:
        head = ["question", "answer"]
        data = workbook([head, ["q1", "a1"]], [["lists"], ["x"]], [head[::-1], ["a2", "q2"]], [], hidden=1)
        assert read(tmp_path, data) == ["q1>a1", "q2>a2"]

    def test_sheets_with_other_columns_are_told(self, tmp_path: Path) -> None:
        data = workbook([["question", "answer"], ["q1", "a1"]], [["note"], ["x"]])
        assert "'more 1' has note" in refusal(tmp_path, data)

    def test_a_column_named_twice_is_told(self, tmp_path: Path) -> None:
        assert "twice: answer" in refusal(tmp_path, workbook([["question", "answer", "answer"], ["q", "a", "b"]]))
        assert "twice: answer" in refusal(tmp_path, b"question,answer,answer\nq,a,b\n")


class TestTables:
    def test_lines_may_end_as_on_old_macintoshes(self, tmp_path: Path) -> None:
        assert read(tmp_path, "问题,答案\r你好,很好\r再见,走好\r".encode()) == ["你好>很好", "再见>走好"]

    @pytest.mark.parametrize(
        "data",
        [
            b",question,answer\n0,q1,a1\n1,q2,a2\n",
            b"sep=,\nquestion,answer\nq1,a1\nq2,a2\n",
            b"sep=|\r\nquestion|answer\r\nq1|a1\r\nq2|a2\r\n",
            b"question|answer\nq1|a1\nq2|a2\n",
            b"question,answer,,\nq1,a1,,\nq2,a2,,\n",
            b'"question","answer"\n"q1","a1"\n"q2","a2"\n',
        ],
        ids=["pandas", "Excel", "Excel, |", "pipes", "empty columns", "quoted"],
    )
    def test_what_tools_write_is_read(self, tmp_path: Path, data: bytes) -> None:
        assert read(tmp_path, data) == ["q1>a1", "q2>a2"]

    def test_names_that_are_unusual_are_names_where_the_rows_are_alike(self, tmp_path: Path) -> None:
        assert read(tmp_path, "问题（中文）,回答?\n水泵,停了\n开关,开了\n".encode()) == ["UnknownShape", "UnknownShape"]

    def test_one_column_of_conversations_is_a_table(self, tmp_path: Path) -> None:
        turns = json.dumps([{"from": "human", "value": "q1"}, {"from": "gpt", "value": "a1"}]).replace('"', '""')
        assert read(tmp_path, f'conversations\n"{turns}"\n'.encode()) == ["q1>a1"]

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ('q,a\n"line1 "x" tail\nline2 foo",a1\nq2,a2\n', ["NotJson", "NotJson", "q2>a2"]),
            ('q,a\n"他说"好"的\n第二行,还有\n第三行",答案一\nq2,a2\n', ["NotJson", "NotJson", "NotJson", "q2>a2"]),
            ('q,a\n"5" tape",a1\nq2,a2\n"q3\nmore","a3"\n', ["NotJson", "q2>a2", "q3\nmore>a3"]),
            ('q,a\nq1,"open\nq2,a2\nq3,"good"\nq4,a4\n', ["NotJson", "q2>a2", "q3>good", "q4>a4"]),
            ('q,a\nq1,a1\n"他说"好"的",a2', ["q1>a1", "NotJson"]),
        ],
    )
    def test_behind_a_broken_quote_only_whole_rows_are_read(self, tmp_path: Path, data: str, expected: list[str]) -> None:
        assert read(tmp_path, data.replace("q,a\n", "question,answer\n", 1).encode()) == expected

    def test_a_line_that_is_longer_than_can_be_held_is_no_two_rows(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(csv_rows, "MAX_LINE_CHARACTERS", 40)
        assert read(tmp_path, b"question,answer\n" + b"q" * 30 + b",a\n") == ["q" * 30 + ">a"]
        assert "a line 3 that is longer" in refusal(tmp_path, b"question,answer\nq,a\n" + b"q" * 60 + b",a\n")


class TestColumns:
    def test_a_call_has_only_its_own_arguments(self, tmp_path: Path) -> None:
        def row(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
            call = {"role": "assistant", "content": "", "tool_calls": [{"name": name, "arguments": arguments}]}
            tools = [{"name": name, "parameters": {"properties": {key: {"type": "string"} for key in arguments}}}]
            return {"messages": [{"role": "user", "content": "q"}, call], "tools": tools}

        table = pa.Table.from_pylist([row("f", {"city": "Jena"}), row("g", {"n": [None, 1]})])
        found = contents(tmp_path, parquet(table))
        assert [content.messages[1].tool_calls[0].arguments for content in found if isinstance(content, Content)] == [
            '{"city":"Jena"}',
            '{"n":[null,1]}',
        ]
        assert [content.tools for content in found if isinstance(content, Content)][1] == (
            '[{"name":"g","parameters":{"properties":{"n":{"type":"string"}}}}]'
        )

    def test_arguments_in_a_map_are_an_object(self, tmp_path: Path) -> None:
        kind = pa.struct([("name", pa.string()), ("arguments", pa.map_(pa.string(), pa.string()))])
        message = pa.struct([("role", pa.string()), ("content", pa.string()), ("tool_calls", pa.list_(kind))])
        turns = [
            {"role": "user", "content": "q", "tool_calls": None},
            {"role": "assistant", "content": "", "tool_calls": [{"name": "f", "arguments": [("city", "Jena")]}]},
        ]
        [content] = contents(tmp_path, parquet(pa.table({"messages": pa.array([turns], pa.list_(message))})))
        assert isinstance(content, Content)
        assert content.messages[1].tool_calls[0].arguments == '{"city":"Jena"}'

    def test_arrow_streams_are_read(self, tmp_path: Path) -> None:
        table = pa.Table.from_pylist([ONE, TWO])
        with pa.ipc.new_stream(buffer := io.BytesIO(), table.schema) as writer:
            writer.write_table(table)
        assert read(tmp_path, buffer.getvalue()) == ["q1>a1", "q2>a2"]


class TestWhatIsToldOfAFile:
    def test_a_damaged_workbook_is_told(self, tmp_path: Path) -> None:
        data = bytearray(workbook([["question", "answer"], ["q", "a"]]))
        at = data.find(b"xl/worksheets/sheet1.xml") + len("xl/worksheets/sheet1.xml")
        data[at + 20 : at + 60] = b"\0" * 40
        assert "Excel file that is damaged" in refusal(tmp_path, bytes(data))

    def test_no_key_and_no_number_is_told(self, tmp_path: Path) -> None:
        said = refusal(tmp_path, b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n")
        assert "MIIE" not in said
        said = refusal(tmp_path, b'[{"phone": "13812349876", "id": "11010519491231002X"} oops')
        assert "13812349876" not in said
        assert "1101051949" not in said

    @pytest.mark.parametrize(("encoding", "name"), [("hz", "HZ"), ("utf-7", "UTF-7"), ("iso2022_jp", "ISO-2022-JP")])
    def test_text_in_an_encoding_of_ascii_alone_is_told(self, tmp_path: Path, encoding: str, name: str) -> None:
        row = {"prompt": "水の中で何をするのか" if encoding == "iso2022_jp" else "你好，这是我们的水", "completion": "好"}
        data = "\n".join(json.dumps(row, ensure_ascii=False) for _ in range(3)).encode(encoding)
        assert f"is text in {name}" in refusal(tmp_path, data)

    @pytest.mark.parametrize(
        "text",
        [
            "In C++ ~{} is odd; x+yHello/World+abcdef- and ~{a, b} and ~{ab~} too",
            "a+b=c, +AAAA-, data:image/png;base64,iVBORw0KGgo+AAAANSUhEUgAA+Abc/defghijk",
            "In UTF-7 the greeting is +T2BZfQ- .",
        ],
    )
    def test_ascii_that_only_looks_like_it_is_read(self, tmp_path: Path, text: str) -> None:
        assert read(tmp_path, lines({"prompt": text, "completion": "a"})) == [f"{text}>a"]

    def test_chinese_is_told_as_it_is_written(self, tmp_path: Path) -> None:
        assert "'水泵使用说明'" in refusal(tmp_path, "水泵使用说明\n请先阅读\n".encode())
