"""Cleans one row: repairs and masks its texts, then says whether what it teaches is worth learning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from opencc import OpenCC

from sft_trainer.contract.clean import ChineseScript, CleanSettings, Refusing, Removing, Repairing, Thinking
from sft_trainer.data.cleaning import answers, characters, html, mojibake, refusals, thinking
from sft_trainer.data.cleaning.protect import Protector
from sft_trainer.data.features.language_mix import CHINESE, language_of
from sft_trainer.data.rows import Content, Message, RowRejected
from sft_trainer.data.validate import validate

CONTROL_CHARACTERS, MOJIBAKE, HTML, THINKING, CHINESE_SCRIPT = (
    "ControlCharacters",
    "Mojibake",
    "HTML",
    "Thinking",
    "ChineseScript",
)
"""What is said to have been changed."""
MAX_PASSES = 8
"""Text is decoded or escaped wrongly twice now and then; what still changes after this many times is noise."""
TO_SIMPLIFIED, TO_TRADITIONAL = "t2s", "s2t"
"""OpenCC's conversions of characters; those that change words as well (tw2sp) would put other words into the data's mouth."""

Change = Callable[[str], str]


class Cleaned(NamedTuple):
    """A row, and what was changed in it."""

    content: Content
    changes: frozenset[str]


UNCHANGED: frozenset[str] = frozenset()


class Cleaner:
    """The cleaning that one dataset wants."""

    def __init__(self, settings: CleanSettings) -> None:
        self._settings = settings
        self.protector = Protector(settings)
        self._languages = frozenset(settings.languages)
        self._convert = _conversion(settings.chinese_script)

    def clean(self, content: Content) -> Cleaned:
        """Raises RowRejected."""
        changes: set[str] = set()
        texts = self._changed(_texts(content), changes)
        if changes:
            content = _with_texts(content, texts)
        if self._settings.thinking is not Thinking.KEEP:
            content = self._think(content, changes)
        if changes:
            validate(content.messages)
        self._judge(content)
        return Cleaned(content, frozenset(changes) if changes else UNCHANGED)

    def _changed(self, texts: Sequence[str], changes: set[str]) -> Sequence[str]:
        """The texts of a row, changed until nothing is left to change: one repair may uncover what another one is for."""
        for _ in range(MAX_PASSES):
            before, texts = texts, self._pass(texts, changes)
            if texts == before:
                return texts
        raise RowRejected(MOJIBAKE)

    def _pass(self, texts: Sequence[str], changes: set[str]) -> Sequence[str]:
        """Each look is at all texts of the row at once, and most rows need nothing."""
        settings, row = self._settings, "\n".join(texts)
        if len(row) > settings.max_row_characters:
            raise RowRejected("TooLong")
        if not row.isascii():
            texts = _each(texts, characters.composed, CONTROL_CHARACTERS, changes)
            if settings.mojibake is Repairing.REPAIR and mojibake.may_be_mojibake(row):
                texts = _each(texts, _repaired, MOJIBAKE, changes)
                if any(map(mojibake.is_hopeless, texts)):
                    raise RowRejected(MOJIBAKE)
            if self._convert and language_of(row) == CHINESE:
                texts = _each(texts, self._convert, CHINESE_SCRIPT, changes)
        if settings.control_characters is Removing.REMOVE and characters.HINT.search(row):
            texts = _each(texts, characters.without_unseen, CONTROL_CHARACTERS, changes)
        if settings.html is Removing.REMOVE and ("<" in row or "&" in row) and html.has_tags(row) and not html.is_about_code(row):
            texts = _each(texts, html.without_tags, HTML, changes)
        return self.protector.protect(texts, changes)

    def _think(self, content: Content, changes: set[str]) -> Content:
        if not any(message.reasoning_content or thinking.MARK in message.content for message in content.messages):
            return content
        if self._settings.thinking is Thinking.REJECT:
            raise RowRejected(THINKING)
        changes.add(THINKING)
        return content._replace(messages=tuple(map(_without_thinking, content.messages)))

    def _judge(self, content: Content) -> None:
        settings, prompt = self._settings, ""
        for message in content.messages:
            if message.role == "user":
                prompt = message.content
            elif message.role == "assistant" and message.train and message.content:
                self._judge_answer(prompt, message.content)
        if self._languages and not self._is_wanted(content):
            raise RowRejected("WrongLanguage")
        if settings.language_mismatch is Refusing.REJECT and _mismatches(content):
            raise RowRejected("LanguageMismatch")

    def _judge_answer(self, prompt: str, answer: str) -> None:
        settings = self._settings
        if len(answer) < settings.min_answer_characters:
            raise RowRejected("TooShort")
        if answers.echoes(prompt, answer):
            raise RowRejected("EchoedPrompt")
        if settings.repetition is Refusing.REJECT and answers.is_repetitive(answer):
            raise RowRejected("Repetitive")
        if settings.truncated_answers is Refusing.REJECT and answers.is_truncated(answer):
            raise RowRejected("TruncatedAnswer")
        if settings.identity is Refusing.REJECT and refusals.names_its_maker(answer):
            raise RowRejected("Identity")
        if settings.refusals is Refusing.REJECT and refusals.is_refusal(answer):
            raise RowRejected("Refusal")

    def _is_wanted(self, content: Content) -> bool:
        said = "\n".join(message.content for message in content.messages if message.role in ("user", "assistant"))
        return language_of(said) in self._languages


def _mismatches(content: Content) -> bool:
    prompt = next((message.content for message in content.messages if message.role == "user"), "")
    answer = next((message.content for message in content.messages if message.role == "assistant"), "")
    return answers.is_in_another_language(prompt, answer)


def _repaired(text: str) -> str:
    return characters.composed(mojibake.repaired(text))


def _each(texts: Sequence[str], change: Change, name: str, changes: set[str]) -> Sequence[str]:
    changed = [change(text) for text in texts]
    if changed == texts:
        return texts
    changes.add(name)
    return changed


def _texts(content: Content) -> list[str]:
    """Everything in a row that is text, in a fixed order."""
    texts = []
    for message in content.messages:
        texts.append(message.content)
        if message.reasoning_content is not None:
            texts.append(message.reasoning_content)
        texts += [call.arguments for call in message.tool_calls]
    return texts


def _with_texts(content: Content, texts: Sequence[str]) -> Content:
    """The row with other texts, in the order of `_texts`."""
    remaining = iter(texts)
    return content._replace(messages=tuple([_with_text(message, remaining) for message in content.messages]))


def _with_text(message: Message, remaining: Iterator[str]) -> Message:
    return message._replace(
        content=next(remaining),
        reasoning_content=None if message.reasoning_content is None else next(remaining),
        tool_calls=tuple([call._replace(arguments=next(remaining)) for call in message.tool_calls]),
    )


def _without_thinking(message: Message) -> Message:
    return message._replace(content=thinking.without_thinking(message.content), reasoning_content=None)


def _conversion(script: ChineseScript) -> Change | None:
    if script is ChineseScript.KEEP:
        return None
    convert: Change = OpenCC(TO_SIMPLIFIED if script is ChineseScript.SIMPLIFIED else TO_TRADITIONAL).convert
    return convert
