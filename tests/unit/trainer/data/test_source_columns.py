"""Columns are judged over all rows of a source: what may belong to what is asked is never left out in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sft_trainer.contract import FieldMap, RowFormat
from sft_trainer.data.command_line import main
from sft_trainer.data.detection.lines import Line
from sft_trainer.data.parse import parse_line
from sft_trainer.data.rows import RowRejected
from sft_trainer.data.shapes.beside import NOT_USED
from sft_trainer.data.source_columns import ColumnUse, SourceColumns

Row = dict[str, Any]
WORDS = ["autumn", "bridges", "copper", "dolphins", "engines", "forests", "glaciers", "harbours", "islands", "jungles"]


def uses(rows: list[Row], row_format: RowFormat = RowFormat.AUTO, field_map: FieldMap | None = None) -> dict[str, ColumnUse]:
    """By column."""
    return {use.name: use for use in columns(rows, row_format, field_map).uses()}


def columns(rows: list[Row], row_format: RowFormat = RowFormat.AUTO, field_map: FieldMap | None = None) -> SourceColumns:
    """What was read of these rows."""
    found = SourceColumns(row_format, field_map)
    for number, row in enumerate(sorted(rows, key=str)):
        data = json.dumps(row).encode()
        try:
            found.note(parse_line(Line("f", number, data), row_format, field_map))
        except RowRejected as rejected:
            if rejected.reason != NOT_USED:
                raise
            found.note_not_used(data)
    return found


def rows_with(instruction: str, name: str, values: list[Any]) -> list[Row]:
    """A task that is the same for all rows."""
    return [{"instruction": instruction, name: value, "output": f"answer {n}"} for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("instruction", "name", "values"),
    [
        ("Write a poem about the given topic.", "topic", WORDS),
        ("Write a poem about the given topic.", "topic", WORDS[:1]),
        ("用给出的关键词造句。", "关键词", ["春天，花", "秋天，叶"]),
        ("根据标题写一篇作文", "标题", ["我的妈妈", "我的老师"]),
        ("Translate hello into the target language.", "language", ["French", "German"] * 200),
        ("Translate hello into the target language.", "target_language", ["French", "German"] * 200),
        ("Classify the sentiment of the comment.", "comment", WORDS),
        ("Choose a label for: good", "labels", [["pos", "neg"]] * 50),
        ("Which category is it? Choose one.", "categories", [["a", "b"]] * 50),
        ("Greet the customer by name.", "name", WORDS),
        ("Answer the user.", "user", WORDS),
        ("When was it built?", "title", [f"building {n}" for n in range(400)]),
        ("Is this person of age?", "years_lived", list(range(10, 80))),
        ("Translate to Chinese.", "source", WORDS),
    ],
)
def test_what_may_be_meant_is_not_left_out(instruction: str, name: str, values: list[Any]) -> None:
    rows = rows_with(instruction, name, values)
    if name == "source":
        rows = [{"target" if key == "output" else key: value for key, value in row.items()} for row in rows]
    assert uses(rows)[name].is_unclear


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("id", list(range(30))),
        ("url", [f"https://example.com/{n}" for n in range(30)]),
        ("created_at", [f"2024-01-{n}" for n in range(30)]),
        ("source", WORDS),
        ("category", WORDS),
        ("科室", WORDS),
        ("topic", ["health", "law"] * 40),
        ("title", ["The handbook"] * 12),
        ("stars", [1, 2, 3, 4, 5] * 40),
        ("comment", ["", None] * 20),
    ],
)
def test_what_is_about_the_row_or_sorts_rows_is_left_out_with_a_reason(name: str, values: list[Any]) -> None:
    rows = [{"question": f"How hot is pump {n}?", "answer": f"{n} degrees", name: value} for n, value in enumerate(values)]
    found = uses(rows)
    assert not found[name].is_unclear
    assert not found[name].is_used
    assert found[name].why
    assert found["question"].is_used


def test_a_title_that_the_questions_repeat_is_left_out() -> None:
    rows = [{"question": f"What is said of {w} in {w} land?", "answer": "much", "title": f"{w} land"} for w in WORDS]
    assert not uses(rows)["title"].is_unclear


@pytest.mark.parametrize("ages", [list(range(10, 80)), [True, False] * 5, [0.5, 1.5, 2.5]])
def test_a_number_means_the_same_in_a_table(ages: list[Any]) -> None:
    as_json = rows_with("Is this person of age?", "years_lived", ages)
    as_table = rows_with("Is this person of age?", "years_lived", [str(age) for age in ages])
    assert uses(as_json)["years_lived"] == uses(as_table)["years_lived"]
    assert uses(as_json)["years_lived"].is_unclear


@pytest.mark.parametrize("filled_of_ten", [1, 5, 9])
def test_a_column_that_some_rows_have_is_not_read_by_halves(filled_of_ten: int) -> None:
    rows = [
        {"title": f"what now {n}?", "desc": f"the details of {n}" if n % 10 < filled_of_ten else "", "answer": f"a {n}"}
        for n in range(100)
    ]
    assert uses(rows)["desc"].is_unclear


def test_one_stray_row_is_rejected_alone() -> None:
    rows: list[Row] = [{"question": f"q {n}?", "answer": "a"} for n in range(200)]
    found = uses([*rows, {"question": "q?", "answer": "a", "desc": "A text."}])["desc"]
    assert not found.is_unclear
    assert "ColumnNotUsed" in found.why


def test_what_stands_in_turns_is_told_with_its_place() -> None:
    asked, answered = {"role": "user", "content": "q?", "context": "The manual."}, {"role": "assistant", "content": "a."}
    assert uses([{"messages": [asked, answered]}] * 4)["messages.context"].is_unclear


def test_the_owner_s_word_ends_the_matter() -> None:
    rows = rows_with("Write about the given topic.", "topic", WORDS)
    given = uses(rows, field_map=FieldMap(prompt="instruction", input="topic", response="output"))
    assert given["topic"] == ColumnUse("topic", 10, True, "fieldMap names it")
    left = uses(rows, RowFormat.ALPACA)["topic"]
    assert (left.is_used, left.is_unclear, left.why) == (False, False, "format Alpaca leaves it out")


def test_rows_that_bring_ever_new_names_take_no_room() -> None:
    rows = [{"question": f"q {n}?", "answer": "a", f"n{n}": n} for n in range(3000)]
    found = columns(rows).uses()
    assert len(found) < 2100
    assert any(use.is_unclear for use in found)


def test_the_command_names_the_column_and_a_map_to_paste(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows_with("Write about the given topic.", "topic", WORDS))))
    assert main(["check", str(path)]) == 10
    said = capsys.readouterr().err
    assert "topic (10 of 10 questions name it)" in said
    assert "fieldMap: {prompt: instruction, input: topic, response: output}" in said
    assert main(["check", str(path), "--field-map", "prompt=instruction,input=topic,response=output"]) == 0


def test_the_report_and_the_card_say_which_columns_were_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"question": f"q {n}?", "answer": f"a {n}", "category": "x"}) for n in range(40)))
    assert main(["prepare", str(path), "-o", str(tmp_path / "out"), "--near-duplicates", "Ignore"]) == 0
    report = json.loads((tmp_path / "out/report/report.json").read_text())
    found = {column["name"]: column for column in report["sources"][0]["columns"]}
    assert found["category"] == {"name": "category", "rows": 40, "isUsed": False, "why": "its name is about the row"}
    assert found["question"]["isUsed"]
    assert "its name is about the row" in (tmp_path / "out/report/report.html").read_text()
    assert "| a | category | left out: its name is about the row |" in (tmp_path / "out/report/README.md").read_text()


def test_choices_are_told_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["check", "f", "--format", "Nope"], ["export", "v", "--shape", "Nope", "-o", "o"]):
        with pytest.raises(SystemExit):
            main(arguments)
        assert "<" not in capsys.readouterr().err.split("error:")[1]


def test_a_check_judges_the_split_as_preparing_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    ended = set()
    for number in range(20):
        path.write_text(json.dumps({"question": f"q {number}?", "answer": "a"}))
        ended.add(main(["check", str(path), "--eval-percent", "50"]))
    assert ended == {0, 10}
    assert "split.evalPercent" in capsys.readouterr().err
