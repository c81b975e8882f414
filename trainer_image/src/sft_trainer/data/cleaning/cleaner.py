"""Cleans one row: repairs and masks its texts, then says whether what it teaches is worth learning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from opencc import OpenCC

from sft_trainer.contract.clean import (
    MAX_ROW_CHARACTERS,
    ChineseScript,
    CleanSettings,
    Refusing,
    Removing,
    Repairing,
    Thinking,
)
from sft_trainer.data.cleaning import answers, characters, html, identity, mojibake, personal_data, refusals, thinking
from sft_trainer.data.cleaning.chinese_script import is_about_script, outside_code
from sft_trainer.data.cleaning.protect import Protector
from sft_trainer.data.cleaning.repetition import is_repetitive
from sft_trainer.data.cleaning.row_texts import data_of, has_data, prose_of, speakers_of, with_data, with_prose
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
TOO_SHORT, TOO_LONG, WRONG_LANGUAGE = "TooShort", "TooLong", "WrongLanguage"
"""Reasons that only a setting makes, beside Thinking."""
OVERSIZED = "Oversized"
"""Longer than a row may be where nothing else is set."""
MAX_PASSES = 8
"""Text is decoded or escaped wrongly twice now and then; what still changes after this many times is noise."""
TO_SIMPLIFIED, TO_TRADITIONAL = "t2s", "s2t"
"""OpenCC's conversions of characters; those that change words as well (tw2sp) would put other words into the data's mouth."""
_ODD = re.compile(f"[{characters.MAYBE_UNSEEN}{mojibake.SUSPECTS}{personal_data.WIDE}]")
"""One look at a row for all that may be wrong with its characters; most rows have none of it."""

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
        prose = prose_of(content)
        data = data_of(content) if has_data(content) else []
        texts, strings = self._changed(content, prose, data, changes)
        if texts != prose:
            content = with_prose(content, texts)
        if strings != data:
            content = with_data(content, strings)
        if self._settings.thinking is not Thinking.KEEP:
            content = self._think(content, changes)
        if changes:
            validate(content.messages)
        self._judge(content)
        return Cleaned(content, frozenset(changes) if changes else UNCHANGED)

    def _changed(
        self, content: Content, texts: Sequence[str], data: Sequence[str], changes: set[str]
    ) -> tuple[Sequence[str], Sequence[str]]:
        """Both changed until nothing is left to change: one repair may uncover what another one is for."""
        for _ in range(MAX_PASSES):
            changed: set[str] = set()
            texts, data = self._pass(content, texts, data, changed)
            if not changed:
                return texts, data
            changes |= changed
        raise RowRejected(min(changed))

    def _pass(
        self, content: Content, texts: Sequence[str], data: Sequence[str], changes: set[str]
    ) -> tuple[Sequence[str], Sequence[str]]:
        """Each look is at all texts of the row at once, and most rows need nothing."""
        settings, count = self._settings, len(texts)
        row = "\n".join([*texts, *data]) if data else "\n".join(texts)
        if len(row) > settings.max_row_characters:
            raise RowRejected(TOO_LONG if settings.max_row_characters != MAX_ROW_CHARACTERS else OVERSIZED)
        is_removing, is_ascii = settings.control_characters is Removing.REMOVE, row.isascii()
        is_odd = characters.has_control_codes(row) if is_ascii else _ODD.search(row) is not None
        if not is_ascii:
            if is_removing and not unicodedata.is_normalized("NFC", row):
                texts = _each(texts, characters.composed, CONTROL_CHARACTERS, changes)
            if is_odd and settings.mojibake is Repairing.REPAIR:
                texts = _repaired(texts, row, changes)
            if self._convert and not is_about_script(row):
                texts = _each(texts, self._in_one_script, CHINESE_SCRIPT, changes)
        if is_odd and is_removing and characters.HINT.search(row):
            texts = _each(texts, characters.without_unseen, CONTROL_CHARACTERS, changes)
            data = _each(data, characters.without_unseen, CONTROL_CHARACTERS, changes)
        if settings.html is Removing.REMOVE and ("<" in row or "&" in row):
            texts = _without_tags(content, texts, row, changes)
        row = personal_data.narrow(row) if is_odd else row
        if data:
            protected = self.protector.protect([*texts, *data], row, changes)
            return protected[:count], protected[count:]
        return self.protector.protect(texts, row, changes), data

    def _in_one_script(self, text: str) -> str:
        """Each text for itself: an English prompt says nothing about a Chinese answer."""
        return outside_code(text, self._convert) if self._convert and language_of(text) == CHINESE else text

    def _think(self, content: Content, changes: set[str]) -> Content:
        if not any(map(_thinks, content.messages)):
            return content
        if self._settings.thinking is Thinking.REJECT:
            raise RowRejected(THINKING)
        changes.add(THINKING)
        return content._replace(messages=tuple(map(_without_thinking, content.messages)))

    def _judge(self, content: Content) -> None:
        settings, prompt = self._settings, ""
        # Behind a system prompt that says "return it unchanged if it is right", an echo is an answer.
        may_echo = content.messages[0].role == "system"
        for message in content.messages:
            if message.role == "user":
                prompt = message.content
            elif message.role == "assistant" and message.train and message.content:
                self._judge_answer(prompt, message.content)
                if not may_echo and answers.echoes(prompt, message.content):
                    raise RowRejected("EchoedPrompt")
        if self._languages and not self._is_wanted(content):
            raise RowRejected(WRONG_LANGUAGE)
        if settings.language_mismatch is Refusing.REJECT and _mismatches(content):
            raise RowRejected("LanguageMismatch")

    def _judge_answer(self, prompt: str, answer: str) -> None:
        settings = self._settings
        if len(answer) < settings.min_answer_characters:
            raise RowRejected(TOO_SHORT)
        if len(answer) <= answers.MAX_NOTHING and answers.is_nothing(answer):
            raise RowRejected("EmptyAnswer")
        if settings.repetition is Refusing.REJECT and is_repetitive(answer, prompt):
            raise RowRejected("Repetitive")
        if settings.truncated_answers is Refusing.REJECT and answers.is_truncated(answer):
            raise RowRejected("TruncatedAnswer")
        if settings.identity is Refusing.REJECT and identity.names_its_maker(answer):
            raise RowRejected("Identity")
        if settings.refusals is Refusing.REJECT and refusals.is_refusal(answer):
            raise RowRejected("Refusal")

    def _is_wanted(self, content: Content) -> bool:
        said = "\n".join(message.content for message in content.messages if message.role in ("user", "assistant"))
        return language_of(said) in self._languages


def _mismatches(content: Content) -> bool:
    """In any exchange; who asked once for another language is answered in it later, too."""
    prompt = ""
    for message in content.messages:
        if message.role in ("system", "user"):
            if answers.wants_another_language(message.content):
                return False
            prompt = message.content if message.role == "user" else prompt
        elif message.role == "assistant" and prompt and answers.is_in_another_language(prompt, message.content):
            return True
    return False


def _repaired(texts: Sequence[str], row: str, changes: set[str]) -> Sequence[str]:
    """Raises RowRejected where a text is beyond repair."""
    repaired = [mojibake.repaired(text) for text in texts]
    is_hopeless = any(map(mojibake.is_hopeless, repaired)) or (repaired != texts and any("\ufffd" in text for text in repaired))
    if (repaired == texts and not is_hopeless) or mojibake.is_about_mojibake(row):
        return texts
    if is_hopeless:
        raise RowRejected(MOJIBAKE)
    changes.add(MOJIBAKE)
    return repaired


def _without_tags(content: Content, texts: Sequence[str], row: str, changes: set[str]) -> Sequence[str]:
    """Whether they are meant is asked last: few rows have any that would be taken away. What tools return stays as it is."""
    plain = [html.without_tags(text) for text in texts]
    if plain == texts:
        return texts
    said = list(zip(speakers_of(content), texts, plain, strict=True))
    plain = [before if speaker == "tool" else after for speaker, before, after in said]
    if plain == texts or html.is_meant([text for speaker, text, _ in said if speaker == "user"], row):
        return texts
    changes.add(HTML)
    return plain


def _each(texts: Sequence[str], change: Change, name: str, changes: set[str]) -> Sequence[str]:
    changed = [change(text) for text in texts]
    if changed == texts:
        return texts
    changes.add(name)
    return changed


def _thinks(message: Message) -> bool:
    return message.role == "assistant" and (bool(message.reasoning_content) or thinking.thinks(message.content))


def _without_thinking(message: Message) -> Message:
    if message.role != "assistant":
        return message
    return message._replace(content=thinking.without_thinking(message.content), reasoning_content=None)


def _conversion(script: ChineseScript) -> Change | None:
    if script is ChineseScript.KEEP:
        return None
    convert: Change = OpenCC(TO_SIMPLIFIED if script is ChineseScript.SIMPLIFIED else TO_TRADITIONAL).convert
    return convert
