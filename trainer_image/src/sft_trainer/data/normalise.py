"""Turns a row of any known shape into messages. It only renames; whether they make sense is for validate to say.

What it cannot carry over (pictures, weights between 0 and 1) rejects the row: dropped in silence it would teach something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import orjson

from sft_trainer.contract import FieldMap, RowFormat
from sft_trainer.data.rows import Content, Message, RowRejected
from sft_trainer.data.shapes.conversations import CONVERSATIONS, messages, pair_turns, share_gpt
from sft_trainer.data.shapes.field_map import renamed
from sft_trainer.data.shapes.fields import Document
from sft_trainer.data.shapes.instructions import (
    alpaca,
    input_output,
    is_alpaca,
    is_input_output,
    is_prompt_completion,
    is_question_answer,
    prompt_completion,
    question_answer,
)
from sft_trainer.data.shapes.moss import is_moss, moss
from sft_trainer.data.shapes.seed_tasks import seed_task
from sft_trainer.data.tool_calls import tools_of

UNKNOWN_SHAPE, PREFERENCE_ROW, TEXT_WITHOUT_TURNS = "UnknownShape", "PreferenceRow", "TextWithoutTurns"
CONTEXT = frozenset({"context", "passage", "document", "options", "choices", "A", "B", "C", "D", "laws", "reference"})
"""Beside a question, these belong to what is asked: left out in silence, the answer would be to another question."""
KNOWN_SHAPES = 1_000
"""Sets of names that are remembered; a file has a few."""


class Normalised(NamedTuple):
    """A row as messages, and the shape that it had."""

    content: Content
    shape: RowFormat


def normalise(document: object, row_format: RowFormat, field_map: FieldMap | None = None) -> Normalised:
    """What one row teaches; raises RowRejected."""
    row = _unwrapped(document)
    if field_map is not None:
        row = renamed(row, field_map)
    shape = detect(row) if row_format is RowFormat.AUTO else row_format
    return Normalised(Content(_NORMALISERS[shape](row), tools_of(row)), shape)


def _unwrapped(document: object) -> Document:
    """A row in a list of its own, or a list of turns without a name."""
    if isinstance(document, list) and document and isinstance(document[0], dict):
        is_conversation = "role" in document[0] or "from" in document[0]
        if is_conversation:
            return {"messages": document}
        if len(document) == 1:
            return document[0]
    if not isinstance(document, dict):
        raise RowRejected("NotAnObject")
    return document


def detect(row: Document) -> RowFormat:
    """The shape of one row, by its own names; raises RowRejected."""
    names = tuple(row)
    known = _known.get(names)
    if known is not None:
        return known
    if shape := _conversation(row):
        return shape
    if isinstance(row.get("label"), bool):
        raise RowRejected(PREFERENCE_ROW)
    shape = _by_names(frozenset(names))
    is_told_by_names_alone = "label" not in row and not any(name in row for name in CONVERSATIONS)
    if is_told_by_names_alone and len(_known) < KNOWN_SHAPES:
        _known[names] = shape
    return shape


_known: dict[tuple[str, ...], RowFormat] = {}


def _conversation(row: Document) -> RowFormat | None:
    if "chosen" in row or "rejected" in row or "kto_tag" in row:
        raise RowRejected(PREFERENCE_ROW)
    for name in CONVERSATIONS:
        turns = _parsed(row.get(name))
        if is_moss(turns):
            return RowFormat.MOSS
        if not isinstance(turns, list) or not turns or not isinstance(turns[0], dict):
            continue
        if isinstance(row.get("label"), bool):
            raise RowRejected(PREFERENCE_ROW)
        if "from" in turns[0]:
            return RowFormat.SHARE_GPT
        return RowFormat.PAIR_TURNS if {"human", "assistant"} <= turns[0].keys() else RowFormat.MESSAGES
    return None


def _parsed(turns: object) -> object:
    if not isinstance(turns, str) or turns.lstrip()[:1] != "[":
        return turns
    try:
        return orjson.loads(turns)
    except orjson.JSONDecodeError:
        return turns


def _by_names(names: frozenset[str]) -> RowFormat:
    if {"instruction", "instances"} <= names:
        return RowFormat.SEED_TASKS
    if {"prompt", "completion"} <= names and names.isdisjoint(CONTEXT):
        return RowFormat.PROMPT_COMPLETION
    if is_alpaca(names):
        return RowFormat.ALPACA
    if names.isdisjoint(CONTEXT):
        if is_prompt_completion(names):
            return RowFormat.PROMPT_COMPLETION
        if is_question_answer(names) and "input" not in names:
            return RowFormat.QUESTION_ANSWER
        if is_input_output(names):
            return RowFormat.INPUT_OUTPUT
    if not names.isdisjoint(CONVERSATIONS):
        return RowFormat.MESSAGES
    raise RowRejected(TEXT_WITHOUT_TURNS if names & {"text", "content"} else UNKNOWN_SHAPE)


_NORMALISERS: Mapping[RowFormat, Callable[[Document], tuple[Message, ...]]] = {
    RowFormat.ALPACA: alpaca,
    RowFormat.MESSAGES: messages,
    RowFormat.SHARE_GPT: share_gpt,
    RowFormat.PROMPT_COMPLETION: prompt_completion,
    RowFormat.QUESTION_ANSWER: question_answer,
    RowFormat.INPUT_OUTPUT: input_output,
    RowFormat.PAIR_TURNS: pair_turns,
    RowFormat.MOSS: moss,
    RowFormat.SEED_TASKS: seed_task,
}
