"""Masks personal data and secrets, or says that a row holds them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence

from sft_trainer.contract.clean import CleanSettings, Protection
from sft_trainer.data.cleaning.characters import MAYBE_UNSEEN, has_control_codes, without_unseen
from sft_trainer.data.cleaning.json_strings import strings_in, with_strings
from sft_trainer.data.cleaning.personal_data import WIDE, Sensitive, find_personal_data, masked, may_hold_personal_data, narrow
from sft_trainer.data.cleaning.secrets import find_secrets, may_hold_secrets
from sft_trainer.data.rows import RowRejected

PERSONAL_DATA, SECRET = "PersonalData", "Secret"
"""Reasons for which rows are rejected, and names of what was masked."""
_ODD = re.compile(f"[{MAYBE_UNSEEN}{WIDE}]")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")


class Protector:
    """What one dataset does about them."""

    def __init__(self, settings: CleanSettings) -> None:
        self._personal, self._secrets = settings.personal_data.action, settings.secrets
        self._allowed = frozenset(value.lower() for value in settings.personal_data.allow)

    def protect(self, texts: Sequence[str], row: str, changes: set[str]) -> Sequence[str]:
        """The texts of one row without them; `row` is all of them together, narrow. Adds to `changes` which there were.

        Raises RowRejected where that is asked for.
        """
        if self._secrets is not Protection.KEEP and may_hold_secrets(row):
            texts = _without(texts, find_secrets, self._secrets, SECRET, changes)
        if self._personal is not Protection.KEEP and may_hold_personal_data(row):
            texts = _without(texts, self._find_personal_data, self._personal, PERSONAL_DATA, changes)
        return texts

    def masked(self, text: str) -> str:
        """Text that people are shown, of a row as it came: without what would not be published either.

        Cleaning may find more than the eye: where a number shows only when what is invisible and the tags are gone, the text is
        shown without them.
        """
        is_odd = has_control_codes(text) if text.isascii() else _ODD.search(text) is not None
        shown, count = self._masked(text, is_odd)
        bare = _TAG.sub("", without_unseen(text)) if is_odd or "<" in text else text
        bare = html.unescape(bare).replace("\xa0", " ") if "&" in bare else bare
        if bare == text:
            return shown
        bare, more = self._masked(bare, is_odd)
        return bare if more > count else shown

    def _masked(self, text: str, is_odd: bool) -> tuple[str, int]:
        """And how much there was to mask."""
        count = 0
        if self._secrets is not Protection.KEEP and may_hold_secrets(text):
            secrets = list(find_secrets(text))
            text, count = masked(text, secrets, _kind), len(secrets)
        if self._personal is not Protection.KEEP and may_hold_personal_data(narrow(text) if is_odd else text):
            personal = list(self._find_personal_data(text))
            text, count = masked(text, personal, _kind), count + len(personal)
        return text, count

    def _find_personal_data(self, text: str) -> Iterable[Sensitive]:
        return find_personal_data(text, self._allowed)


def _without(
    texts: Sequence[str], find: Callable[[str], Iterable[Sensitive]], action: Protection, what: str, changes: set[str]
) -> Sequence[str]:
    found = [list(find(text)) for text in texts]
    if not any(found):
        return texts
    parts = [_parts(text, there, find) for text, there in zip(texts, found, strict=True)]
    if not any(any(there) for _, there in parts):
        return texts
    if action is Protection.REJECT:
        raise RowRejected(what)
    changes.add(what)
    name_of = _Numbered() if action is Protection.PSEUDONYMISE else _kind
    return [_masked(text, *part, name_of) for text, part in zip(texts, parts, strict=True)]


def _parts(
    text: str, found: list[Sensitive], find: Callable[[str], Iterable[Sensitive]]
) -> tuple[list[str] | None, list[list[Sensitive]]]:
    """The strings of JSON and what each of them holds: masked for itself, JSON stays JSON. None where it is no JSON."""
    strings = strings_in(text) if found and text.lstrip()[:1] in ("{", "[") else None
    return (None, [found]) if strings is None else (strings, [list(find(string)) for string in strings])


def _masked(text: str, strings: list[str] | None, found: list[list[Sensitive]], name_of: Callable[[str, str], str]) -> str:
    if strings is None:
        return masked(text, found[0], name_of)
    return with_strings(text, [masked(string, there, name_of) for string, there in zip(strings, found, strict=True)])


def _kind(kind: str, value: str) -> str:
    return kind


class _Numbered:
    """Gives the same value the same number, within one row: what joined rows would join people."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {}

    def __call__(self, kind: str, value: str) -> str:
        numbers = self._numbers.setdefault(kind, {})
        return f"{kind}_{numbers.setdefault(value, len(numbers) + 1)}"
