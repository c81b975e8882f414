"""One line of JSONL becomes one row, or is rejected for a reason."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.contract import RowFormat
from sft_trainer.data.detection.lines import MAX_LINE_BYTES, Line
from sft_trainer.data.parse import parse_line
from sft_trainer.data.rows import Message, RowRejected, ToolCall

Q, A = Message("user", "What is it?"), Message("assistant", "A pump.")
SYSTEM = Message("system", "Be brief.")


def parse(content: object, row_format: RowFormat = RowFormat.AUTO) -> tuple[Message, ...]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return parse_line(Line("f.jsonl", 7, data), row_format).content.messages


def turns(*roles_and_texts: tuple[str, str]) -> dict[str, object]:
    return {"messages": [{"role": role, "content": text} for role, text in roles_and_texts]}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({"instruction": "What is it?", "output": "A pump."}, (Q, A), id="Alpaca"),
        pytest.param({"instruction": "What is it?", "input": "", "output": "A pump."}, (Q, A), id="Alpaca, empty input"),
        pytest.param({"instruction": "What is it?", "input": None, "output": "A pump."}, (Q, A), id="Alpaca, null input"),
        pytest.param(
            {"instruction": "Translate", "input": "eau", "output": "water"},
            (Message("user", "Translate\n\neau"), Message("assistant", "water")),
            id="Alpaca with input",
        ),
        pytest.param({"instruction": "", "input": "What is it?", "output": "A pump."}, (Q, A), id="Alpaca, only input"),
        pytest.param(
            {"instruction": "What is it?", "output": "A pump.", "system": "Be brief."}, (SYSTEM, Q, A), id="Alpaca with system"
        ),
        pytest.param(
            {"instruction": "What is it?", "output": "A pump.", "history": [["Hello", "Hi"]]},
            (Message("user", "Hello"), Message("assistant", "Hi"), Q, A),
            id="Alpaca with history",
        ),
        pytest.param({"prompt": "What is it?", "completion": "A pump."}, (Q, A), id="PromptCompletion"),
        pytest.param({"instruction": "What is it?", "response": "A pump."}, (Q, A), id="Alpaca with response"),
        pytest.param({"question": "What is it?", "answer": "A pump."}, (Q, A), id="QuestionAnswer"),
        pytest.param(
            {"query": "What is it?", "response": "A pump.", "system": "Be brief."}, (SYSTEM, Q, A), id="query, response"
        ),
        pytest.param(
            {"conversations": [{"from": "human", "value": "What is it?"}, {"from": "gpt", "value": "A pump."}]},
            (Q, A),
            id="ShareGPT",
        ),
        pytest.param(
            {"conversations": turns(("user", "What is it?"), ("assistant", "A pump."))["messages"]},
            (Q, A),
            id="Messages under another name",
        ),
        pytest.param(
            {
                "prompt": [{"role": "user", "content": "What is it?"}],
                "completion": [{"role": "assistant", "content": "A pump."}],
            },
            (Q, A),
            id="PromptCompletion as messages",
        ),
        pytest.param(turns(("user", "What is it?"), ("assistant", "A pump.")), (Q, A), id="Messages"),
        pytest.param(
            turns(
                ("system", "Be brief."), ("user", "What is it?"), ("assistant", "A pump."), ("user", "Why?"), ("assistant", "So.")
            ),
            (SYSTEM, Q, A, Message("user", "Why?"), Message("assistant", "So.")),
            id="Messages, several turns",
        ),
        pytest.param(
            {"messages": [], "instruction": "What is it?"} | turns(("user", "What is it?"), ("assistant", "A pump.")),
            (Q, A),
            id="messages win",
        ),
    ],
)
def test_every_known_shape_becomes_the_same_messages(row: dict[str, object], expected: tuple[Message, ...]) -> None:
    assert parse(row) == expected


GOOD = turns(("user", "q"), ("assistant", "a"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(b"{", "NotJson", id="half an object"),
        pytest.param(b'{"instruction": NaN}', "NotJson", id="NaN"),
        pytest.param(b'{"prompt": "\\ud800", "completion": "a"}', "NotJson", id="half a character"),
        pytest.param(b'{"prompt": "a\x00b", "completion": "a"}', "NotJson", id="a raw control character"),
        pytest.param(b"[" * 100_000, "NotJson", id="nested too deep"),
        pytest.param('{"prompt": "你好", "completion": "a"}'.encode("gbk"), "NotUTF8", id="GBK"),
        pytest.param([], "NotAnObject", id="a list"),
        pytest.param("text", "NotAnObject", id="a string"),
        pytest.param(None, "NotAnObject", id="null"),
        pytest.param({}, "UnknownShape", id="no field"),
        pytest.param({"text": "q and a"}, "TextWithoutTurns", id="text alone"),
        pytest.param({"question": "q"}, "UnknownShape", id="a question alone"),
        pytest.param({"conversations": []}, "NoAnswer", id="no turn"),
        pytest.param({"conversations": [{"from": "human", "value": True}]}, "NotText", id="a truth value for a turn"),
        pytest.param({"conversations": [{"from": "narrator", "value": "q"}]}, "BadRole", id="an unknown speaker"),
        pytest.param({"conversations": [{"from": "function_call", "value": "f()"}]}, "BadToolCall", id="a call that is no JSON"),
        pytest.param({"instruction": "q"}, "MissingField", id="no output"),
        pytest.param({"instruction": "q", "output": None}, "NotText", id="output is null"),
        pytest.param({"instruction": {}, "output": "a"}, "NotText", id="an object for text"),
        pytest.param({"messages": "text"}, "NotAList", id="messages is text"),
        pytest.param({"messages": ["text"]}, "BadMessage", id="a message is text"),
        pytest.param({"messages": [{"role": "user"}]}, "MissingField", id="a message without content"),
        pytest.param({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "NotText", id="a picture"),
        pytest.param({"messages": []}, "NoAnswer", id="no message"),
        pytest.param(turns(("user", "q")), "NoAnswer", id="only a question"),
        pytest.param(turns(("system", "s")), "NoAnswer", id="only a system message"),
        pytest.param(turns(("human", "q"), ("gpt", "a")), "BadRole", id="roles of another shape"),
        pytest.param(turns(("assistant", "a"), ("user", "q")), "RoleOrder", id="answer first"),
        pytest.param(turns(("user", "q"), ("user", "q"), ("assistant", "a")), "RoleOrder", id="two questions"),
        pytest.param(turns(("user", "q"), ("assistant", "a"), ("user", "q")), "RoleOrder", id="unanswered at the end"),
        pytest.param(turns(("user", "q"), ("system", "s"), ("assistant", "a")), "RoleOrder", id="system in the middle"),
        pytest.param({"prompt": " \n", "completion": "a"}, "EmptyPrompt", id="blank prompt"),
        pytest.param({"prompt": "q", "completion": "\u3000"}, "EmptyAnswer", id="blank answer"),
        pytest.param({"instruction": " ", "input": " ", "output": "a"}, "EmptyPrompt", id="blank instruction and input"),
        pytest.param(GOOD | {"tools": "f(x)"}, "BadTools", id="tools that are no JSON"),
        pytest.param(GOOD | {"tools": {"name": "f"}}, "BadTools", id="tools that are no list"),
        pytest.param(
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "tool_calls": [{}]}]},
            "BadToolCall",
            id="a tool call without a name",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 0}]},
            "NothingTrained",
            id="no turn with loss",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 0.5}]},
            "TurnWeightNotSupported",
            id="a turn with half a loss",
        ),
        pytest.param(
            turns(("user", "q"), ("tool", "7 degrees"), ("assistant", "a")),
            "RoleOrder",
            id="a tool answers unasked",
        ),
        pytest.param({"instruction": "q", "output": "a", "history": ["x"]}, "BadHistory", id="history of another shape"),
    ],
)
def test_what_cannot_be_learned_is_rejected_with_a_reason(row: object, reason: str) -> None:
    with pytest.raises(RowRejected) as caught:
        parse(row)
    assert caught.value.reason == reason


CALL = ToolCall("weather", '{"city":"Jena"}', "1")
OPENAI_CALL = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Jena"}'}}


def test_tools_their_calls_and_answers_are_kept_whole() -> None:
    asked, answered = {"role": "user", "content": "Jena?"}, {"role": "tool", "content": "7 degrees", "tool_call_id": "1"}
    row = {
        "messages": [
            asked,
            {"role": "assistant", "content": None, "tool_calls": [OPENAI_CALL], "reasoning_content": "Look it up."},
            answered,
            {"role": "assistant", "content": "7 degrees."},
        ],
        "tools": [{"name": "weather"}],
    }
    content = parse_line(Line("f.jsonl", 1, json.dumps(row).encode()), RowFormat.AUTO).content
    assert content.tools == '[{"name":"weather"}]'
    assert content.messages == (
        Message("user", "Jena?"),
        Message("assistant", "", reasoning_content="Look it up.", tool_calls=(CALL,)),
        Message("tool", "7 degrees", tool_call_id="1"),
        Message("assistant", "7 degrees."),
    )


def test_tools_of_share_gpt_are_the_same() -> None:
    row = {
        "conversations": [
            {"from": "human", "value": "Jena?"},
            {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Jena"}}'},
            {"from": "observation", "value": "7 degrees"},
            {"from": "gpt", "value": "7 degrees."},
        ],
        "tools": '[{"name": "weather"}]',
    }
    content = parse_line(Line("f.jsonl", 1, json.dumps(row).encode()), RowFormat.AUTO).content
    assert content.tools == '[{"name":"weather"}]'
    assert content.messages[1].tool_calls == (CALL._replace(id=None),)
    assert [message.role for message in content.messages] == ["user", "assistant", "tool", "assistant"]


@pytest.mark.parametrize("mark", [{"weight": 0}, {"train": False}, {"loss": False}])
def test_a_turn_that_is_not_to_be_learned_is_kept_as_such(mark: dict[str, object]) -> None:
    turn = {"role": "assistant", "content": "a"}
    messages = [{"role": "user", "content": "q"}, turn | mark, {"role": "user", "content": "q"}, turn]
    assert [message.train for message in parse({"messages": messages})] == [True, False, True, True]


@pytest.mark.parametrize(
    "name",
    [
        "alpaca_zh_demo.json",
        "alpaca_en_demo.json",
        "glaive_toolcall_zh_demo.json",
        "disc_finllm_task.json",
        "medicalgpt_medical_sft_1k.jsonl",
        "medicalgpt_sharegpt_zh_1k.jsonl",
    ],
)
def test_real_files_are_read_by_their_own_keys(name: str) -> None:
    if "SFT_TEST_DATA" not in os.environ:
        pytest.skip(f"SFT_TEST_DATA is not set to the folder with {name}")
    data = (Path(os.environ["SFT_TEST_DATA"]) / name).read_bytes()
    rows = json.loads(data) if data.startswith(b"[") else [json.loads(line) for line in data.splitlines()]
    reasons = Counter[str]()
    for row in rows:
        try:
            parse(row)
        except RowRejected as rejected:
            reasons[rejected.reason] += 1
    assert reasons.total() <= 0.01 * len(rows), reasons


@pytest.mark.parametrize("field", ["tools", "functions"])
def test_an_empty_list_of_tools_is_none(field: str) -> None:
    assert parse(GOOD | {field: []}) == (Message("user", "q"), Message("assistant", "a"))


@pytest.mark.parametrize(
    ("row_format", "row", "reason"),
    [
        (RowFormat.ALPACA, GOOD, "MissingField"),
        (RowFormat.MESSAGES, {"instruction": "q", "output": "a"}, "MissingField"),
        (RowFormat.PROMPT_COMPLETION, {"instruction": "q", "output": "a"}, "MissingField"),
    ],
)
def test_a_named_format_is_not_guessed_around(row_format: RowFormat, row: dict[str, object], reason: str) -> None:
    with pytest.raises(RowRejected) as caught:
        parse(row, row_format)
    assert caught.value.reason == reason


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    assert parse(b'{"prompt":"first","prompt":"q","completion":"a"}') == (Message("user", "q"), Message("assistant", "a"))


def test_huge_numbers_beside_the_text_do_no_harm() -> None:
    assert len(parse(b'{"prompt":"q","completion":"a","id":' + b"9" * 40 + b"}")) == 2


def test_an_overlong_line_is_rejected_by_its_length() -> None:
    line = Line("f.jsonl", 1, b"{", is_too_long=True)
    with pytest.raises(RowRejected) as caught:
        parse_line(line, RowFormat.AUTO)
    assert caught.value.reason == "LineTooLong"
    assert MAX_LINE_BYTES == 16 * 1024 * 1024


KEYS = st.sampled_from(
    [
        "messages",
        "role",
        "content",
        "instruction",
        "input",
        "output",
        "system",
        "history",
        "prompt",
        "completion",
        "tools",
        "weight",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(KEYS, children, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, JSON, max_size=6) | JSON, st.sampled_from(RowFormat))
def test_no_json_crashes_the_parser(document: object, row_format: RowFormat) -> None:
    try:
        messages = parse(document, row_format)
    except RowRejected:
        return
    assert messages[-1].role == "assistant"
    assert all(message.content.strip() for message in messages if message.role == "user")


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_parser(data: bytes) -> None:
    with pytest.raises(RowRejected):
        parse(data)
