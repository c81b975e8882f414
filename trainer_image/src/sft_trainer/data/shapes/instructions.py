"""Rows that ask once: instruction and output, prompt and completion, question and answer, input and output."""

from __future__ import annotations

from sft_trainer.data.rows import Message, RowRejected
from sft_trainer.data.shapes.conversations import messages
from sft_trainer.data.shapes.fields import Document, first_of, items, opening, optional_text, text

INSTRUCTIONS = ("instruction", "INSTRUCTION", "prompt_instruction", "指令")
OUTPUTS = ("output", "response", "RESPONSE", "answer", "target", "completion", "outputs", "输出", "回答")
INPUTS = ("input", "context", "输入")
"""`context` is Dolly's."""
QUESTIONS = ("question", "query", "ask", "Question", "问题", "title")
ANSWERS = ("answer", "response", "std_answer", "Answer", "output", "completion", "回答", "答案")
"""With both `title` and `ask`, as in Chinese medical sets, the patient's words are in `ask`."""
COMPLETIONS = ("completion", "response", "output", "answer", "target")
NO_INPUT = frozenset({"", "<noinput>", "<no input>", "nan", "none", "n/a", "无", "无输入", "<无输入>", "[无输入]"})
"""What sets write where there is no input; taken as text it would teach nonsense."""

Turns = tuple[Message, ...]


def is_alpaca(names: frozenset[str]) -> bool:
    """An instruction beside an output."""
    return not names.isdisjoint(INSTRUCTIONS)


def is_question_answer(names: frozenset[str]) -> bool:
    """A question beside an answer."""
    return not names.isdisjoint(QUESTIONS) and not names.isdisjoint(ANSWERS)


def is_prompt_completion(names: frozenset[str]) -> bool:
    """A prompt beside a completion."""
    return "prompt" in names and not names.isdisjoint(COMPLETIONS)


def is_input_output(names: frozenset[str]) -> bool:
    """An input beside an output, and no instruction."""
    return {"input", "output"} <= names


def alpaca(document: Document) -> Turns:
    """instruction, input, output; with LLaMA-Factory's `system` and `history` (earlier pairs of instruction and answer)."""
    instruction = text(document, first_of(document, INSTRUCTIONS) or INSTRUCTIONS[0])
    given = optional_text(document, first_of(document, INPUTS) or INPUTS[0])
    parts = (instruction, "" if given.strip().lower() in NO_INPUT else given)
    prompt = "\n\n".join(part for part in parts if part.strip())
    answer = text(document, first_of(document, OUTPUTS) or OUTPUTS[0])
    return (*opening(document), *history(document), Message("user", prompt), Message("assistant", answer))


def history(document: Document) -> list[Message]:
    """Earlier turns, as pairs."""
    turns = []
    for pair in items(document, "history") if document.get("history") else []:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(side, str) for side in pair):
            raise RowRejected("BadHistory")
        turns += [Message("user", pair[0]), Message("assistant", pair[1])]
    return turns


def prompt_completion(document: Document) -> Turns:
    """Strings, or TRL's conversational form, in which both are lists of messages."""
    name = first_of(document, COMPLETIONS) or COMPLETIONS[0]
    if isinstance(document.get("prompt"), list):
        return messages({"messages": document["prompt"]}) + messages({"messages": items(document, name)})
    turns = Message("user", text(document, "prompt")), Message("assistant", text(document, name))
    return (*opening(document), *history(document), *turns)


def question_answer(document: Document) -> Turns:
    """A question, and what was answered."""
    question, answer = first_of(document, QUESTIONS) or QUESTIONS[0], first_of(document, ANSWERS) or ANSWERS[0]
    turns = Message("user", text(document, question)), Message("assistant", text(document, answer))
    return (*opening(document), *history(document), *turns)


def input_output(document: Document) -> Turns:
    """Two strings, or two lists of the same length: the turns of one conversation."""
    if not isinstance(document.get("input"), list):
        return (*opening(document), Message("user", text(document, "input")), Message("assistant", text(document, "output")))
    asked, answered = items(document, "input"), items(document, "output")
    if len(asked) != len(answered) or not all(isinstance(turn, str) for turn in (*asked, *answered)):
        raise RowRejected("TurnsDoNotMatch")
    pairs = zip(asked, answered, strict=True)
    return (*opening(document), *(turn for pair in pairs for turn in (Message("user", pair[0]), Message("assistant", pair[1]))))
