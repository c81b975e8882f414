"""Turns a row of any known shape into messages. It only renames; whether they make sense is for validate to say.

What it cannot carry over (pictures, weights between 0 and 1, columns that belong to what is asked) rejects the row: dropped
in silence it would teach something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import orjson

from sft_trainer.contract import FieldMap, RowFormat
from sft_trainer.data.rows import Content, RowRejected
from sft_trainer.data.shapes.beside import (
    PREFERENCE_ROW,
    PREFERENCES,
    Counted,
    Watched,
    check,
    check_turns,
    counted,
    left_out,
    left_out_of_turn,
    watched,
)
from sft_trainer.data.shapes.conversations import CONVERSATIONS, messages_reader, pair_turns_reader, share_gpt_reader
from sft_trainer.data.shapes.field_map import renamed
from sft_trainer.data.shapes.fields import Document, Reader, cased, items
from sft_trainer.data.shapes.instructions import (
    alpaca_reader,
    input_output_reader,
    is_alpaca,
    is_input_output,
    is_prompt_completion,
    is_question_answer,
    pair_of,
    prompt_completion_reader,
    question_answer_reader,
)
from sft_trainer.data.shapes.moss import is_moss, moss_reader
from sft_trainer.data.shapes.seed_tasks import seed_task_reader
from sft_trainer.data.tool_calls import TOOLS, tools_of

UNKNOWN_SHAPE, TEXT_WITHOUT_TURNS = "UnknownShape", "TextWithoutTurns"
CONTEXT = frozenset({"context", "passage", "document", "options", "choices", "A", "B", "C", "D", "laws", "reference"})
"""Beside a question, these belong to what is asked: left out in silence, the answer would be to another question."""
COMPLETION = cased("completion")
REMEMBERED = 1_000
"""Sets of names for which it is remembered how they are read; a file has a few."""
Names = tuple[str, ...]


class Normalised(NamedTuple):
    """A row as messages, and the shape that it had."""

    content: Content
    shape: RowFormat
    document: Document
    """The row as it came."""
    reading: Reading


class Reading(NamedTuple):
    """How rows with the same names are read."""

    shape: RowFormat
    reader: Reader
    watched: Watched
    """Names beside the turns that have to be looked at; none where the shape or the columns were given by the owner."""
    counted: Counted
    """Names beside the turns that are judged over a whole source."""
    has_tools: bool
    turns_in: str | None
    """Field with the list of turns, in which each is looked at for what stands beside what it says."""


WHOLE = frozenset({RowFormat.MESSAGES, RowFormat.SHARE_GPT, RowFormat.PAIR_TURNS, RowFormat.MOSS})
"""Shapes of whole conversations."""


def normalise(document: object, row_format: RowFormat, field_map: FieldMap | None = None) -> Normalised:
    """What one row teaches; raises RowRejected."""
    whole = _unwrapped(document)
    row = whole if field_map is None else renamed(whole, field_map)
    reading = reading_of(row, row_format, is_given=field_map is not None)
    turns = reading.reader.read(row)
    if reading.turns_in is not None:
        check_turns(items(row, reading.turns_in))
    if reading.watched:
        check(row, reading.watched, turns, reading.reader.used)
    return Normalised(Content(turns, tools_of(row) if reading.has_tools else None), reading.shape, whole, reading)


def _unwrapped(document: object) -> Document:
    """A row in a list of its own, or a list of turns without a name."""
    if isinstance(document, dict):
        return document
    if isinstance(document, list) and document and isinstance(document[0], dict):
        is_conversation = "role" in document[0] or "from" in document[0]
        if is_conversation:
            return {"messages": document}
        if len(document) == 1:
            return document[0]
    raise RowRejected("NotAnObject")


def reading_of(row: Document, row_format: RowFormat, *, is_given: bool = False) -> Reading:
    """By the names of a row, and its turns where it has a list of them; raises RowRejected."""
    names = tuple(row)
    is_watched = row_format is RowFormat.AUTO and not is_given
    if reading := _by_names_alone(names, row_format, is_watched):
        return reading
    if PREFERENCES.intersection(names):
        raise RowRejected(PREFERENCE_ROW)
    shape, field = _conversation(row) or (_shape(frozenset(names)), None)
    return _reading(names, shape, field, is_watched)


def left_out_names(row: Document) -> list[str]:
    """Of a row of a known shape: what would be left out of it."""
    try:
        reading = reading_of(row, RowFormat.AUTO)
        of_turns = items(row, reading.turns_in) if reading.turns_in is not None else []
        in_turns = {name: None for turn in of_turns if isinstance(turn, dict) for name in left_out_of_turn(turn)}
        return [*left_out(row, reading.watched), *(f"{reading.turns_in}.{name}" for name in in_turns)]
    except RowRejected:
        return []


@lru_cache(maxsize=REMEMBERED)
def _by_names_alone(names: Names, row_format: RowFormat, is_watched: bool) -> Reading | None:
    """None where the turns themselves must be looked at."""
    if row_format is not RowFormat.AUTO:
        return _reading(names, row_format, None, is_watched)
    if any(name in names for name in CONVERSATIONS):
        return None
    return _reading(names, _shape(frozenset(names)), None, is_watched)


@lru_cache(maxsize=REMEMBERED)
def _reading(names: Names, shape: RowFormat, field: str | None, is_watched: bool) -> Reading:
    reader = _READERS[shape](names) if field is None else _CONVERSATION_READERS[shape](names, field)
    beside = watched(names, reader.used, is_conversation=shape in WHOLE) if is_watched else ()
    judged = counted(names, reader.used) if is_watched and shape not in WHOLE else ()
    return Reading(shape, reader, beside, judged, not set(TOOLS).isdisjoint(names), field if is_watched else None)


def _conversation(row: Document) -> tuple[RowFormat, str | None] | None:
    """The shape of a list of turns, and the field that has it."""
    for name in CONVERSATIONS:
        turns = _parsed(row.get(name))
        if is_moss(turns):
            return RowFormat.MOSS, None
        if not isinstance(turns, list) or not turns or not isinstance(turns[0], dict):
            continue
        if "from" in turns[0]:
            return RowFormat.SHARE_GPT, name
        return RowFormat.PAIR_TURNS if {"human", "assistant"} <= turns[0].keys() else RowFormat.MESSAGES, name
    return None


def _parsed(turns: object) -> object:
    if not isinstance(turns, str) or turns.lstrip()[:1] != "[":
        return turns
    try:
        return orjson.loads(turns)
    except orjson.JSONDecodeError:
        return turns


def _shape(names: frozenset[str]) -> RowFormat:
    """Of a row without a list of turns."""
    if not names.isdisjoint(PREFERENCES):
        raise RowRejected(PREFERENCE_ROW)
    if {"instruction", "instances"} <= names:
        return RowFormat.SEED_TASKS
    if is_prompt_completion(names) and not names.isdisjoint(COMPLETION) and names.isdisjoint(CONTEXT):
        return RowFormat.PROMPT_COMPLETION
    if is_alpaca(names):
        return RowFormat.ALPACA
    if names.isdisjoint(CONTEXT - set(pair_of(names) or ())):
        if is_prompt_completion(names):
            return RowFormat.PROMPT_COMPLETION
        if is_question_answer(names) and "input" not in names:
            return RowFormat.QUESTION_ANSWER
        if is_input_output(names):
            return RowFormat.INPUT_OUTPUT
    if not names.isdisjoint(CONVERSATIONS):
        return RowFormat.MESSAGES
    raise RowRejected(TEXT_WITHOUT_TURNS if names & {"text", "content"} else UNKNOWN_SHAPE)


_READERS: Mapping[RowFormat, Callable[[Names], Reader]] = {
    RowFormat.ALPACA: alpaca_reader,
    RowFormat.MESSAGES: messages_reader,
    RowFormat.SHARE_GPT: share_gpt_reader,
    RowFormat.PROMPT_COMPLETION: prompt_completion_reader,
    RowFormat.QUESTION_ANSWER: question_answer_reader,
    RowFormat.INPUT_OUTPUT: input_output_reader,
    RowFormat.PAIR_TURNS: pair_turns_reader,
    RowFormat.MOSS: moss_reader,
    RowFormat.SEED_TASKS: seed_task_reader,
}
_CONVERSATION_READERS: Mapping[RowFormat, Callable[[Names, str], Reader]] = {
    RowFormat.MESSAGES: messages_reader,
    RowFormat.SHARE_GPT: share_gpt_reader,
    RowFormat.PAIR_TURNS: pair_turns_reader,
}
