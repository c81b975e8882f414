"""What stands beside the turns of a row: left out when it is about the row, and never when it belongs to what is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sft_trainer.contract import FieldMap, RowFormat
from sft_trainer.data.normalise import normalise
from sft_trainer.data.rows import Message, RowRejected
from sft_trainer.data.shapes.suggestion import suggestion

Row = dict[str, Any]
TURNS = [{"role": "user", "content": "q?"}, {"role": "assistant", "content": "a."}]
SHARE_GPT = [{"from": "human", "value": "q?"}, {"from": "gpt", "value": "a."}]
PAIR = {"question": "q?", "answer": "a."}
ALPACA = {"instruction": "q?", "output": "a."}


def told(row: Row) -> str:
    """The turns in one line, or why the row was rejected."""
    try:
        return "|".join(message.content for message in normalise(row, RowFormat.AUTO).content.messages)
    except RowRejected as rejected:
        return rejected.reason


@pytest.mark.parametrize(
    "row",
    [
        ALPACA | {"choices": ["a", "b"]},
        ALPACA | {"options": "A. x B. y"},
        ALPACA | {"passage": "A long text."},
        ALPACA | {"input": "in", "context": "ctx"},
        ALPACA | {"examples": [{"input": "x", "output": "y"}]},
        {"问题": "哪个对?", "选项": "A.一 B.二", "答案": "B"},
        {"材料": "长文", "问题": "主旨?", "答案": "x"},
        {"背景": "长文", "指令": "总结", "输出": "x"},
        PAIR | {"article": "A long text."},
        PAIR | {"paragraph": "A long text."},
        PAIR | {"code": "print(1)"},
        PAIR | {"table": "1|2"},
        PAIR | {"schema": "CREATE TABLE t"},
        PAIR | {"country": "France"},
        PAIR | {"A": "3", "B": "4"},
        PAIR | {"optionA": 3, "optionB": 4},
        PAIR | {"rationale": "because"},
        PAIR | {"evidence": [{"text": "x"}]},
        {"query": "q", "knowledge": "k", "response": "r"},
        {"title": "t?", "desc": "the details", "answer": "a"},
        {"title": "t", "content": "body", "answer": "a"},
        {"messages": TURNS, "conversations": [{"from": "human", "value": "other"}, {"from": "gpt", "value": "x"}]},
        {"messages": TURNS, "instruction": "Be a pirate."},
        {"conversations": SHARE_GPT, "history": [["x", "y"]]},
        {"input": "q", "output": "a", "article": "A long text."},
        {"prompt": "q", "completion": "a", "document": "A long text."},
    ],
    ids=lambda row: "-".join(row),
)
def test_what_belongs_to_the_question_is_not_left_out(row: Row) -> None:
    assert told(row) in ("ColumnNotUsed", "UnknownShape")


@pytest.mark.parametrize(
    "beside",
    [
        {"id": 7, "source": "web", "category": "qa", "lang": "zh", "score": 0.5, "tags": ["x"], "meta": {"a": "b"}},
        {"department": "心内科", "来源": "论坛", "标签": ["x"]},
        {"task_type": {"major": ["x"]}, "domain": ["x"], "metadata": "{}", "answer_from": "human", "copyright": "c"},
        {"data_source": "x", "prompt_tokens_len": 3, "model_name": "m", "is_classification": False, "num_turns": 2},
        {"created_at": "2024", "url": "https://x", "Difficulty": "hard", "__index_level_0__": 3, "column 1": "12"},
        {"article": "", "examples": [], "context2": None, "anything": 4, "whether": True},
        {"text": "Below is an instruction.\n\n### Instruction:\nq?\n\n### Response:\na."},
        {"first_prompt": "q?", "gold": "a."},
        {"image": None, "images": []},
        {"type": "GSM_Rephrased", "original_question": "Q?", "resource": "x", "openai_moderation": [{"flagged": False}]},
        {"label": "negative", "is_safe": True},
    ],
    ids=lambda beside: "-".join(beside),
)
def test_what_is_about_the_row_or_repeats_it_is_left_out(beside: Row) -> None:
    for row in ({"messages": TURNS}, {"conversations": SHARE_GPT}, PAIR, ALPACA, {"prompt": "q?", "completion": "a."}):
        assert told(row | beside) == "q?|a."


@pytest.mark.parametrize(
    "beside", [{"image": "a.png"}, {"images": ["a.png"]}, {"audio_path": "x.wav"}, {"video": {"bytes": "x"}}]
)
def test_a_picture_beside_the_turns_rejects_the_row(beside: Row) -> None:
    for row in ({"messages": TURNS}, {"conversations": SHARE_GPT}, PAIR, ALPACA):
        assert told(row | beside) == "NotText"


def test_a_picture_in_a_turn_rejects_the_row() -> None:
    assert told({"messages": [TURNS[0] | {"images": ["a.png"]}, TURNS[1]]}) == "NotText"
    assert told({"conversations": [SHARE_GPT[0] | {"image": "a.png"}, SHARE_GPT[1]]}) == "NotText"


@pytest.mark.parametrize("name", ["system", "system_prompt", "system_message"])
@pytest.mark.parametrize(
    "row", [PAIR, ALPACA, {"messages": TURNS}, {"conversations": SHARE_GPT}, {"input": "q?", "output": "a."}], ids="-".join
)
def test_a_system_prompt_comes_first_whatever_it_is_called(row: Row, name: str) -> None:
    assert told(row | {name: "Be X."}) == "Be X.|q?|a."


def test_a_system_prompt_that_stands_twice_is_said_once() -> None:
    assert told({"system": "Be X.", "messages": [{"role": "system", "content": "Be X."}, *TURNS]}) == "Be X.|q?|a."
    assert told(ALPACA | {"system": "Be X.", "system_prompt": "Be Y."}) == "ColumnNotUsed"


@pytest.mark.parametrize(
    "verdict", [{"label": 0}, {"label": 1}, {"label": "false"}, {"label": True}, {"is_safe": False}, {"is_correct": "False"}]
)
def test_answers_that_were_judged_are_preferences(verdict: Row) -> None:
    for row in (PAIR, ALPACA, {"messages": TURNS}, {"prompt": "q?", "completion": "a."}):
        assert told(row | verdict) == "PreferenceRow"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_in_a_turn_is_kept(name: str) -> None:
    found = normalise({"messages": [TURNS[0], TURNS[1] | {name: "Hm."}]}, RowFormat.AUTO)
    assert found.content.messages[1] == Message("assistant", "a.", reasoning_content="Hm.")


def test_an_owner_may_leave_out_what_is_not_known() -> None:
    row = PAIR | {"country": "France"}
    assert normalise(row, RowFormat.AUTO, FieldMap(prompt="question", response="answer")).content.messages[0].content == "q?"
    with_it = normalise(row, RowFormat.AUTO, FieldMap(prompt="question", input="country", response="answer"))
    assert with_it.content.messages[0].content == "q?\n\nFrance"
    assert normalise(row, RowFormat.QUESTION_ANSWER).content.messages[0].content == "q?"


def test_a_number_that_json_could_not_hold_is_not_learned() -> None:
    assert told({"question": "2^70?", "answer": float(2**70)}) == "NumberTooLong"
    assert told({"question": "2^40?", "answer": 2**40}) == f"2^40?|{2**40}"


@pytest.mark.parametrize(
    ("instruction", "given", "prompt"),
    [
        ("写一首诗。", "无", "写一首诗。"),
        ("Write a poem.", "None", "Write a poem."),
        ("请把下面这句话翻译成英文：今天很好", "无", "请把下面这句话翻译成英文：今天很好"),
        ("把这个字翻译成英文。", "无", "把这个字翻译成英文。\n\n无"),
        ("翻译成英文：", "无", "翻译成英文：\n\n无"),
        ("What type is this value?", "None", "What type is this value?\n\nNone"),
        ("What type is this value?", "<noinput>", "What type is this value?"),
    ],
)
def test_a_word_for_no_input_is_one_unless_it_is_the_subject(instruction: str, given: str, prompt: str) -> None:
    assert told({"instruction": instruction, "input": given, "output": "a."}) == f"{prompt}|a."


@pytest.mark.parametrize(
    "beside",
    [
        {"country": "Peru", "header": {"accept-language": "es"}},
        {"langdetect": "en", "reward": 1.5},
        {"knowledge": "physics", "quality_explanation": "good", "llama_guard_2": "safe"},
        {"_id": {"$oid": "0f"}, "channel": "web"},
        {"A": "an option", "reasoning": "on"},
    ],
    ids=lambda beside: "-".join(beside),
)
def test_a_whole_conversation_needs_nothing_that_stands_beside_it(beside: Row) -> None:
    assert told({"messages": TURNS, **beside}) == "q?|a."
    assert told({"conversations": SHARE_GPT, **beside}) == "q?|a."


@pytest.mark.parametrize(
    ("row", "suggested"),
    [
        (
            {"instruction": "i", "history": [["a", "b"]], "output": "o", "product": "p"},
            "{prompt: instruction, input: product, response: output}",
        ),
        ({"reference": ["law 1"], "input": "i", "output": "o"}, "{prompt: input, response: output}"),
        ({"question": "q", "A": "a", "B": "b", "answer": "A"}, "{prompt: question, response: answer}"),
        ({"Question": "q", "Complex_CoT": "so", "Response": "r"}, "{prompt: Question, response: Response}"),
    ],
)
def test_what_is_suggested_is_text_that_was_asked_and_text_that_was_answered(row: Row, suggested: str) -> None:
    assert suggestion(row) == suggested


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "NLI", "input": "q?", "target": "a."},
        {"inputs": "q?", "targets": "a.", "task": "qa"},
        {"problem": "q?", "solution": "a."},
        {"提问": "q?", "回复": "a."},
    ],
    ids=lambda row: "-".join(row),
)
def test_other_names_of_what_was_asked_and_answered_are_known(row: Row) -> None:
    assert told(row) == "q?|a."


@pytest.mark.parametrize(
    "names",
    [
        ("instruction", "response"),
        ("prompt", "completion"),
        ("question", "answer"),
        ("query", "response"),
        ("input", "output"),
        ("q", "a"),
        ("user", "assistant"),
        ("human", "assistant"),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("spelled", [str.lower, str.capitalize, str.upper])
def test_names_are_known_in_every_case(names: tuple[str, str], spelled: Callable[[str], str]) -> None:
    asked, answered = map(spelled, names)
    assert told({asked: "q?", answered: "a.", "id": 1}) == "q?|a."


def test_a_list_of_turns_is_known_in_every_case() -> None:
    for name in ("Messages", "MESSAGES", "Conversations"):
        assert told({name: TURNS}) == "q?|a."


@pytest.mark.parametrize(
    "row", [{"question": "q?", "A": "x", "B": "y"}, {"q": "q?", "a": "x", "b": "y"}, {"Q": "q?", "A": "x", "B": "y", "C": "z"}]
)
def test_options_are_no_answers(row: Row) -> None:
    assert told(row) in ("ColumnNotUsed", "UnknownShape")


def test_fields_that_stand_in_two_languages_are_read_in_one() -> None:
    assert told(ALPACA | {"en_instruction": "x", "output_zh": "y"}) == "q?|a."


def test_a_field_map_joins_columns_and_lists_of_texts() -> None:
    row = {"reference": ["law 1", "law 2"], "input": "q?", "output": "a."}
    found = normalise(row, RowFormat.AUTO, FieldMap(prompt="input", input="reference", response="output"))
    assert found.content.messages[0].content == "q?\n\nlaw 1\nlaw 2"
    joined = normalise(row, RowFormat.AUTO, FieldMap(prompt="reference + input", response="output"))
    assert joined.content.messages[0].content == "law 1\nlaw 2\n\nq?"
    of_that_name = normalise({"a+b": "q?", "output": "a."}, RowFormat.AUTO, FieldMap(prompt="a+b", response="output"))
    assert of_that_name.content.messages[0].content == "q?"


def test_a_field_map_that_joins_what_is_not_there_rejects_the_row() -> None:
    with pytest.raises(RowRejected, match="MissingField"):
        normalise({"input": "q?", "output": "a."}, RowFormat.AUTO, FieldMap(prompt="law + input", response="output"))


@pytest.mark.parametrize("beside", [{"context": "The manual says 3 bar."}, {"thought": "Hm."}, {"attachments": ["x"]}])
def test_what_stands_in_a_turn_beside_what_it_says_is_not_left_out(beside: Row) -> None:
    assert told({"messages": [TURNS[0] | beside, TURNS[1]]}) == "ColumnNotUsed"
    assert told({"conversations": [SHARE_GPT[0], SHARE_GPT[1] | beside]}) == "ColumnNotUsed"
    given = normalise({"messages": [TURNS[0] | beside, TURNS[1]]}, RowFormat.MESSAGES)
    assert given.content.messages[0].content == "q?"


@pytest.mark.parametrize(
    "beside", [{"refusal": None, "context": ""}, {"id": "x", "language": "English", "toxic": False}, {"weight": 1}]
)
def test_what_is_known_of_a_turn_is_left_out(beside: Row) -> None:
    assert told({"messages": [TURNS[0] | beside, TURNS[1]]}) == "q?|a."
