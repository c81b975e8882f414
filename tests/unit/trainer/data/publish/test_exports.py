"""Exports: what another trainer reads is what was published, less what is counted as dropped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sft_trainer.contract import ExportShape
from sft_trainer.data.publish.export_shapes import NotInShape, llama_factory_row, ms_swift_row, openai_row
from sft_trainer.data.publish.exports import dataset_info, export
from sft_trainer.data.rows import Content, Message, ToolCall
from tests.unit.trainer.data.contents import CONTENTS, TEXT

ARGUMENTS = st.dictionaries(TEXT, st.integers() | TEXT, max_size=2).map(json.dumps)
CALLS = st.lists(st.tuples(TEXT, ARGUMENTS).map(lambda call: ToolCall(*call)), min_size=1, max_size=2).map(tuple)
ANSWERS = TEXT.map(lambda text: Message("assistant", text))
CALLING = CALLS.map(lambda calls: Message("assistant", "", tool_calls=calls))
ASKING = TEXT.map(lambda text: (Message("user", text),))
RESULTS = st.lists(TEXT.map(lambda text: Message("tool", text)), min_size=1, max_size=3).map(tuple)
CHAT = st.tuples(st.sampled_from(["user", "assistant"]), TEXT, st.booleans()).map(
    lambda turn: Message(turn[0], turn[1], turn[2] or turn[0] == "user")
)
TURNS = st.lists(st.tuples(ASKING | RESULTS, ANSWERS | CALLING), min_size=1, max_size=3)
SYSTEM = st.lists(TEXT.filter(bool).map(lambda text: Message("system", text)), max_size=1)
TOOLS = st.none() | st.lists(st.dictionaries(TEXT, TEXT, max_size=2), max_size=2).map(
    lambda tools: json.dumps(tools, ensure_ascii=False)
)
ALTERNATING = st.builds(
    lambda system, turns, tools: Content(
        (*system, *(message for asking, answer in turns for message in (*asking, answer))), tools
    ),
    SYSTEM,
    TURNS,
    TOOLS,
)


def calls_of(texts: list[dict[str, Any]]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(call["name"], json.dumps(call["arguments"])) for call in texts)


def from_llama_factory(row: dict[str, Any]) -> Content:
    messages = [Message("system", row["system"])] if row["system"] else []
    for turn in row["conversations"]:
        if turn["from"] == "observation":
            messages += [Message("tool", result) for result in turn["value"].split("\n</tool_response>\n<tool_response>\n")]
        elif turn["from"] == "function_call":
            calls = json.loads(turn["value"])
            messages.append(Message("assistant", "", tool_calls=calls_of(calls if isinstance(calls, list) else [calls])))
        else:
            messages.append(Message({"human": "user", "gpt": "assistant"}[turn["from"]], turn["value"]))
    return Content(tuple(messages), row["tools"] or None)


def from_openai(row: dict[str, Any]) -> Content:
    messages = []
    for turn in row["messages"]:
        calls = tuple(
            ToolCall(call["function"]["name"], call["function"]["arguments"], call["id"]) for call in turn.get("tool_calls", [])
        )
        train = turn.get("weight", 1) == 1
        messages.append(
            Message(turn["role"], turn["content"], train, None, calls, turn.get("tool_call_id"), turn.get("name")),
        )
    return Content(tuple(messages), json.dumps(row["tools"], ensure_ascii=False) if "tools" in row else None)


@settings(max_examples=50, deadline=None)
@given(ALTERNATING)
def test_llama_factory_gets_what_was_published(content: Content) -> None:
    dropped: set[str] = set()
    assert from_llama_factory(llama_factory_row(content, dropped)) == content
    assert dropped <= {"toolResultsJoined"}


@settings(max_examples=50, deadline=None)
@given(st.lists(CHAT, max_size=5).map(tuple), TOOLS)
def test_openai_gets_what_was_published(messages: tuple[Message, ...], tools: str | None) -> None:
    content, dropped = Content(messages, tools), set[str]()
    assert from_openai(openai_row(content, dropped)) == content
    assert not dropped


def test_openai_calls_keep_their_ids_and_results_follow_them() -> None:
    calls = (ToolCall("open", '{"valve": 1}', "call_1"), ToolCall("close", "{}"))
    content = Content(
        (
            Message("user", "q"),
            Message("assistant", "", tool_calls=calls),
            Message("tool", "ok", tool_call_id="call_1"),
            Message("tool", "no"),
        )
    )
    dropped: set[str] = set()
    row = openai_row(content, dropped)
    assert [call["id"] for call in row["messages"][1]["tool_calls"]] == ["call_1", "call_2"]
    assert [turn["tool_call_id"] for turn in row["messages"][2:]] == ["call_1", "call_2"]
    assert dropped == {"toolCallIdsMadeUp"}


def test_llama_factory_gets_several_results_as_it_joins_them_itself() -> None:
    calls = tuple(ToolCall(name, "{}") for name in ("open", "close"))
    results = (Message("tool", "ok"), Message("tool", "no"))
    content = Content((Message("user", "q"), Message("assistant", "", tool_calls=calls), *results, Message("assistant", "done")))
    dropped: set[str] = set()
    row = llama_factory_row(content, dropped)
    assert row["conversations"][2] == {"from": "observation", "value": "ok\n</tool_response>\n<tool_response>\nno"}
    assert dropped == {"toolResultsJoined"}


def test_a_row_of_which_a_result_cannot_be_told_from_its_end_is_left_out() -> None:
    results = (Message("tool", "<tool_response>\nok"), Message("tool", "no"))
    calling = Message("assistant", "", tool_calls=(ToolCall("open", "{}"),))
    with pytest.raises(NotInShape, match="toolResultsThatCannotBeJoined"):
        llama_factory_row(Content((Message("user", "q"), calling, *results, Message("assistant", "done"))), set())


@pytest.mark.parametrize("name", ["张三 李", "a b", "a/b", "a|b", "<a", "a\\b", "", "a" * 65, "tab\t", "a\n"])
def test_openai_gets_no_name_that_it_refuses(name: str) -> None:
    dropped: set[str] = set()
    row = openai_row(Content((Message("user", "q", name=name), Message("assistant", "a"))), dropped)
    assert "name" not in row["messages"][0]
    assert dropped == {"messageNames"}


@pytest.mark.parametrize("name", ["张三", "support-bot_1", "a" * 64])
def test_openai_gets_the_names_that_it_takes(name: str) -> None:
    dropped: set[str] = set()
    row = openai_row(Content((Message("user", "q", name=name), Message("assistant", "a"))), dropped)
    assert row["messages"][0]["name"] == name
    assert not dropped


@pytest.mark.parametrize("name", ["打开阀门", "valve.open", "open valve", "", "a" * 65])
def test_a_row_whose_tool_openai_would_refuse_is_left_out(name: str) -> None:
    calling = Message("assistant", "", tool_calls=(ToolCall(name, "{}"),))
    with pytest.raises(NotInShape, match="toolNameNotAllowed"):
        openai_row(Content((Message("user", "q"), calling, Message("tool", "ok"), Message("assistant", "a"))), set())
    for tool in ({"name": name}, {"type": "function", "function": {"name": name}}):
        with pytest.raises(NotInShape, match="toolNameNotAllowed"):
            openai_row(Content((Message("user", "q"), Message("assistant", "a")), json.dumps([tool])), set())


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("shape", ExportShape)
def test_what_is_no_number_in_json_is_in_no_line(tmp_path: Path, number: str, shape: ExportShape) -> None:
    calling = Message("assistant", "", tool_calls=(ToolCall("open", f'{{"a": {number}}}'),))
    messages = (Message("user", "q"), calling, Message("tool", "ok"), Message("assistant", "a"))
    summary = export(shape, [Content(messages, f'[{{"name": "open", "least": {number}}}]')], tmp_path / "train.jsonl")
    assert summary.rows == 1
    row = json.loads((tmp_path / "train.jsonl").read_text(), parse_constant=pytest.fail)
    assert not row.get("tools")
    assert summary.dropped["toolsThatAreNoJson"] == 1
    for turn in row.get("messages", row.get("conversations")):
        if turn.get("role") == "tool_call" or turn.get("from") == "function_call":
            call = json.loads(turn.get("content", turn.get("value")), parse_constant=pytest.fail)
            assert call == {"name": "open", "arguments": f'{{"a": {number}}}'}


def test_what_was_added_or_joined_is_no_loss(tmp_path: Path) -> None:
    calling = Message("assistant", "", tool_calls=(ToolCall("open", "{}"), ToolCall("close", "{}")))
    messages = (Message("user", "q"), calling, Message("tool", "ok"), Message("tool", "no"), Message("assistant", "a"))
    for shape, name in ((ExportShape.OPENAI, "toolCallIdsMadeUp"), (ExportShape.LLAMA_FACTORY, "toolResultsJoined")):
        summary = export(shape, [Content(messages)], tmp_path / "train.jsonl")
        assert summary.changed == {name: 1}
        assert not summary.dropped


def test_openai_gets_each_tool_in_its_wrapper() -> None:
    function = {"name": "open", "description": "Opens a valve", "parameters": {}}
    wrapped = {"type": "function", "function": function}
    for tool in (function, {"type": "function", **function}, wrapped):
        row = openai_row(Content((Message("user", "q"),), json.dumps([tool])), set())
        assert row["tools"] == [wrapped]
    search = {"type": "web_search", "name": "x"}
    assert openai_row(Content((Message("user", "q"),), json.dumps([search])), set())["tools"] == [search]


def test_ms_swift_has_calls_and_results_as_turns_and_says_what_is_not_learned() -> None:
    call = ToolCall("open", '{"valve": 1}')
    content = Content(
        (
            Message("user", "q"),
            Message("assistant", "", tool_calls=(call,)),
            Message("tool", "ok"),
            Message("assistant", "done", train=False, reasoning_content="why"),
        ),
        '[{"name": "open"}]',
    )
    assert ms_swift_row(content, set()) == {
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "tool_call", "content": '{"name": "open", "arguments": {"valve": 1}}'},
            {"role": "tool_response", "content": "ok"},
            {"role": "assistant", "content": "<think>\nwhy\n</think>\n\ndone", "loss": False},
        ],
        "tools": '[{"name": "open"}]',
    }


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ((Message("user", "q"), Message("user", "q")), "turnsDoNotAlternate"),
        ((Message("user", "q"), Message("assistant", "a"), Message("user", "q")), "lastTurnIsNoAnswer"),
        ((Message("user", "q"), Message("assistant", "a", train=False)), "turnThatIsNotLearned"),
        ((Message("user", "q"), Message("system", "s")), "systemPromptIsNotFirst"),
    ],
)
def test_llama_factory_never_gets_a_row_that_it_would_misread(messages: tuple[Message, ...], reason: str) -> None:
    with pytest.raises(NotInShape, match=reason):
        llama_factory_row(Content(messages), set())


@pytest.mark.parametrize("tools", ["not JSON", '{"an": "object"}', "[NaN]", "[" * 100_000])
@pytest.mark.parametrize("row_of", [openai_row, ms_swift_row], ids=["OpenAI", "ms-swift"])
def test_tools_that_are_no_list_are_dropped_and_counted(
    tools: str, row_of: Callable[[Content, set[str]], dict[str, Any]]
) -> None:
    dropped: set[str] = set()
    assert "tools" not in row_of(Content((Message("user", "q"),), tools), dropped)
    assert dropped == {"toolsThatAreNoJson"}


@settings(max_examples=50, deadline=None)
@given(st.lists(CONTENTS, max_size=4), st.sampled_from(list(ExportShape)))
def test_every_row_is_a_line_or_counted_as_left_out(
    tmp_path_factory: pytest.TempPathFactory, contents: list[Content], shape: ExportShape
) -> None:
    file = tmp_path_factory.mktemp("export") / "train.jsonl"
    summary = export(shape, iter(contents), file)
    lines = file.read_bytes().split(b"\n")[:-1]
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert len(lines) == summary.rows
    assert summary.rows + sum(summary.left_out.values()) == len(contents)


def test_half_a_surrogate_pair_in_the_tools_is_escaped(tmp_path: Path) -> None:
    summary = export(ExportShape.OPENAI, [Content((Message("user", "春"),), '["\\ud800"]')], tmp_path / "train.jsonl")
    assert summary.rows == 1
    assert b"\\ud800" in (tmp_path / "train.jsonl").read_bytes()


def test_dataset_info_names_every_column_and_tag() -> None:
    info = dataset_info("notes", {"train": "train.jsonl", "eval": "eval.jsonl"})
    assert list(info) == ["notes_train", "notes_eval"]
    content = Content((Message("system", "s"), Message("user", "q"), Message("assistant", "a")))
    row = llama_factory_row(content, set())
    assert set(info["notes_train"]["columns"].values()) == set(row)
    assert {turn["from"] for turn in row["conversations"]} <= set(info["notes_train"]["tags"].values())
