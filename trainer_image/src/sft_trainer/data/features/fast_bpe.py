"""Byte-level BPE through tiktoken, which is several times as fast as tokenizers, wherever it says the same.

Built from what a tokenizer says of itself. What is not known to be equal is left to tokenizers: the caller gets None.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import tiktoken
from tokenizers import Tokenizer, pre_tokenizers

_GPT2 = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s"
"""What tokenizers' ByteLevel cuts by (its documentation names GPT-2's pattern), written so that it never goes back over a run:
counting rows then takes a tenth less time."""
_GPT2_DIGITS_ALONE = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++|\\p{N}| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?![^\\s\\p{N}])|\\s"
"""The same after every digit was cut out: no space joins a digit, and space before one is at an end."""
_PLAIN_TOKEN = {"single_word": False, "lstrip": False, "rstrip": False}
LONGEST_RUN = re.compile(r"(\S)\1{2000}|\s{2000}|\S{20000}")
"""tiktoken takes a piece's length squared, and fails on pieces of a million; tokenizers does not."""
LEAST_RUN = 2_000
NO_TOKENS: set[str] = set()


class FastBPE:
    """A tokenizer by tiktoken: the tokens of a text, their number, and where a text may be cut without changing them."""

    def __init__(self, tokenizer: Tokenizer, description: Mapping[str, Any], pattern: str) -> None:
        vocabulary: dict[str, int] = description["model"]["vocab"]
        added = {token["content"]: token["id"] for token in description.get("added_tokens") or []}
        byte_of = _bytes_by_letter()
        ranks = {
            bytes(byte_of[letter] for letter in token): number
            for token, number in vocabulary.items()
            if token not in added and byte_of.keys() >= set(token)
        }
        lacking = bytes(byte for byte in range(256) if bytes([byte]) not in ranks)
        unknown = max([*vocabulary.values(), *added.values()]) + 1
        for number, byte in enumerate(lacking):  # tiktoken needs them all; a text with one of these is left to tokenizers
            ranks[bytes([byte])] = unknown + number
        self._tokenizer = tokenizer
        self._has_unknown = re.compile(b"[%b]" % re.escape(lacking)).search if lacking else lambda text: None
        self._is_normalized = description.get("normalizer") is not None
        self._special = re.compile(f"({'|'.join(map(re.escape, sorted(added, key=len, reverse=True)))})") if added else None
        self._allowed = set(added)
        encoding = tiktoken.Encoding("model", pat_str=pattern, mergeable_ranks=ranks, special_tokens=added)
        self._encode = partial(encoding.encode, allowed_special=self._allowed, disallowed_special=())
        # Numbers without a Python object for each: a tenth less time than the list of them.
        self._encode_to_array = partial(encoding.encode_to_numpy, disallowed_special=())

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        text = self._normalized(text)
        return _exact(self._tokenizer, text) if self._is_left_to_tokenizers(text) else self._encode(text)

    def count(self, text: str) -> int:
        """How many they are."""
        text = self._normalized(text)
        if self._is_left_to_tokenizers(text):
            return len(_exact(self._tokenizer, text))
        # The tokens that are looked for are handed over at each call, all of them: another tenth, where there is none.
        has_special = self._special is not None and self._special.search(text) is not None
        return len(self._encode_to_array(text, allowed_special=self._allowed if has_special else NO_TOKENS))

    def parts(self, text: str) -> list[str]:
        """The text, cut at its special tokens, which are parts too: what stands on one side changes nothing on the other."""
        return [part for part in self._special.split(text) if part] if self._special else [text]

    def _normalized(self, text: str) -> str:
        return unicodedata.normalize("NFC", text) if self._is_normalized and not text.isascii() else text

    def _is_left_to_tokenizers(self, text: str) -> bool:
        has_run = len(text) >= LEAST_RUN and LONGEST_RUN.search(text) is not None
        return has_run or self._has_unknown(text.encode(errors="surrogatepass")) is not None


def fast_bpe(tokenizer: Tokenizer, probes: Iterable[str]) -> FastBPE | None:
    """The tokenizer by tiktoken, or None where it is no byte-level BPE or differs on a probe."""
    description = json.loads(tokenizer.to_str())
    pattern = _pattern(description)
    if pattern is None or not _is_plain_bpe(description):
        return None
    fast = FastBPE(tokenizer, description, pattern)
    return fast if all(fast.encode(probe) == _exact(tokenizer, probe) for probe in probes) else None


def _exact(tokenizer: Tokenizer, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids


def _is_plain_bpe(description: Mapping[str, Any]) -> bool:
    model = description["model"]
    is_bpe = model["type"] == "BPE" and not any(
        model.get(option)
        for option in ("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback")
    )
    normalizer = description.get("normalizer")
    added = description.get("added_tokens") or []
    are_plain = all(token[option] is value for token in added for option, value in _PLAIN_TOKEN.items())
    return is_bpe and are_plain and (normalizer is None or normalizer == {"type": "NFC"})


def _pattern(description: Mapping[str, Any]) -> str | None:
    """One pattern that cuts as the steps before BPE do."""
    step = description.get("pre_tokenizer") or {}
    steps = step.get("pretokenizers", [step])
    last = steps[-1]
    if last.get("type") != "ByteLevel" or last.get("add_prefix_space"):
        return None
    before = [_plain_step(step) for step in steps[:-1]]
    if last.get("use_regex"):
        return {0: _GPT2, 1: _GPT2_DIGITS_ALONE if before == ["digits alone"] else None}.get(len(before))
    return before[0] if len(before) == 1 and before[0] != "digits alone" else None


def _plain_step(step: Mapping[str, Any]) -> str | None:
    if step["type"] == "Digits" and step["individual_digits"]:
        return "digits alone"
    if step["type"] == "Split" and step["behavior"] == "Isolated" and not step["invert"]:
        pattern: str | None = step["pattern"].get("Regex")
        return pattern
    return None


def _bytes_by_letter() -> dict[str, int]:
    """Byte-level BPE writes each byte as a letter: printable Latin-1 as it is, the others from U+0100 on in their order."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    letters = {chr(byte): byte for byte in printable}
    letters |= {chr(0x100 + position): byte for position, byte in enumerate(byte for byte in range(256) if byte not in printable)}
    assert letters.keys() == set(pre_tokenizers.ByteLevel.alphabet())  # noqa: S101 - the table is tokenizers' own, or nothing holds
    return letters
