"""Rows that ask once: instruction and output, prompt and completion, question and answer, input and output."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from sft_trainer.data.rows import Message, RowRejected
from sft_trainer.data.shapes.conversations import messages
from sft_trainer.data.shapes.fields import (
    SYSTEMS,
    Document,
    Reader,
    Turns,
    cased,
    first_of,
    items,
    opened,
    optional_text,
    reader,
    text,
)

INSTRUCTIONS = cased("instruction", "prompt_instruction", "指令")
OUTPUTS = cased("output", "response", "answer", "target", "completion", "outputs", "输出", "回答")
INPUTS = cased("input", "context", "输入")
"""`context` is Dolly's."""
QUESTIONS = cased("question", "query", "ask", "问题", "提问", "problem", "title")
ANSWERS = cased("answer", "response", "std_answer", "output", "completion", "solution", "回答", "答案", "回复")
PAIRS = (*zip(cased("q"), cased("a"), strict=True), *zip(cased("user", "human"), cased("assistant") * 2, strict=True))
GIVEN, MADE = cased("input", "inputs"), cased("output", "outputs", "target", "targets")
"""Firefly, FLAN and xP3 have a target."""
"""With both `title` and `ask`, as in Chinese medical sets, the patient's words are in `ask`."""
PROMPTS = cased("prompt")
COMPLETIONS = cased("completion", "response", "output", "answer", "target")
NO_INPUT = frozenset({"", "<noinput>", "<no input>", "无输入", "<无输入>", "[无输入]"})
"""What sets write where there is no input; taken as text it would teach nonsense."""
NOTHING = frozenset({"nan", "none", "n/a", "无"})
"""The same, unless the instruction points at something: then the word itself may be what it is about."""
LONGEST_WORD = 16
"""Characters of the longest of these, with some blanks: of a longer input no copy is made."""
_POINTS = re.compile(
    r"[^:：\n]*(?:以下|下面|下列|给定|给出的|上述|[这该此]|\b(?:this|these|following|below|given)\b)[^:：\n]*|.*[:：]",
    re.IGNORECASE | re.DOTALL,
)
"""At something that does not stand in the instruction itself, behind a colon or on a line of its own."""


def is_alpaca(names: frozenset[str]) -> bool:
    """An instruction beside an output."""
    return not names.isdisjoint(INSTRUCTIONS)


def is_question_answer(names: frozenset[str]) -> bool:
    """A question beside an answer."""
    return pair_of(names) is not None or (not names.isdisjoint(QUESTIONS) and not names.isdisjoint(ANSWERS))


def pair_of(names: Collection[str]) -> tuple[str, str] | None:
    """Names that say who speaks only beside one another: `a` may be an option, and is one beside `b`; `user` may be a name."""
    if "b" in names or "B" in names:
        return None
    return next((pair for pair in PAIRS if pair[0] in names and pair[1] in names), None)


def is_prompt_completion(names: frozenset[str]) -> bool:
    """A prompt beside a completion."""
    return not names.isdisjoint(PROMPTS) and not names.isdisjoint(COMPLETIONS)


def is_input_output(names: frozenset[str]) -> bool:
    """An input beside an output or target, and no instruction."""
    return not names.isdisjoint(GIVEN) and not names.isdisjoint(MADE)


def alpaca_reader(names: Collection[str]) -> Reader:
    """instruction, input, output; with LLaMA-Factory's `system` and `history` (earlier pairs of instruction and answer)."""
    instruction = first_of(names, INSTRUCTIONS) or INSTRUCTIONS[0]
    given = first_of(names, INPUTS)
    output = first_of(names, OUTPUTS) or OUTPUTS[0]

    def last(document: Document) -> Turns:
        asked = text(document, instruction)
        if given is not None:
            asked = _with_input(asked, optional_text(document, given))
        return Message("user", asked), Message("assistant", text(document, output))

    return _asking_reader(names, last, instruction, given, output)


def _with_input(instruction: str, given: str) -> str:
    if not given:
        return instruction
    word = given.strip().lower() if len(given) <= LONGEST_WORD else given
    if word in NO_INPUT or (word in NOTHING and not _POINTS.fullmatch(instruction.strip())):
        return instruction
    return f"{instruction}\n\n{given}" if instruction.strip() else given


def _asking_reader(names: Collection[str], last: Callable[[Document], Turns], *used: str | None) -> Reader:
    """The last question and answer, behind a system prompt and a history where rows have these."""
    system = first_of(names, SYSTEMS)
    if system is None and "history" not in names:
        return reader(last, *used)

    def read(document: Document) -> Turns:
        return opened(document, system, (*history(document), *last(document)))

    return reader(read, *used, system, "history")


def history(document: Document) -> list[Message]:
    """Earlier turns, as pairs."""
    turns = []
    for pair in items(document, "history") if document.get("history") else []:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(side, str) for side in pair):
            raise RowRejected("BadHistory")
        turns += [Message("user", pair[0]), Message("assistant", pair[1])]
    return turns


def prompt_completion_reader(names: Collection[str]) -> Reader:
    """Strings, or TRL's conversational form, in which both are lists of messages."""
    prompt, completion = first_of(names, PROMPTS) or PROMPTS[0], first_of(names, COMPLETIONS) or COMPLETIONS[0]

    def last(document: Document) -> Turns:
        if isinstance(document.get(prompt), list):
            return messages(document[prompt]) + messages(items(document, completion))
        return Message("user", text(document, prompt)), Message("assistant", text(document, completion))

    return _asking_reader(names, last, prompt, completion)


def question_answer_reader(names: Collection[str]) -> Reader:
    """A question, and what was answered."""
    question, answer = first_of(names, QUESTIONS), first_of(names, ANSWERS)
    if question is None or answer is None:
        question, answer = pair_of(names) or (question or QUESTIONS[0], answer or ANSWERS[0])

    def last(document: Document) -> Turns:
        return Message("user", text(document, question)), Message("assistant", text(document, answer))

    return _asking_reader(names, last, question, answer)


def input_output_reader(names: Collection[str]) -> Reader:
    """Two strings, or two lists of the same length: the turns of one conversation."""
    system = first_of(names, SYSTEMS)
    given, made = first_of(names, GIVEN) or GIVEN[0], first_of(names, MADE) or MADE[0]

    def read(document: Document) -> Turns:
        if not isinstance(document.get(given), list):
            turns = Message("user", text(document, given)), Message("assistant", text(document, made))
            return opened(document, system, turns)
        asked, answered = items(document, given), items(document, made)
        if len(asked) != len(answered) or not all(isinstance(turn, str) for turn in (*asked, *answered)):
            raise RowRejected("TurnsDoNotMatch")
        pairs = zip(asked, answered, strict=True)
        return opened(
            document,
            system,
            tuple(turn for ask, answer in pairs for turn in (Message("user", ask), Message("assistant", answer))),
        )

    return reader(read, given, made, system)
