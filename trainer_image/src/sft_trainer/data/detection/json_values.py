"""The values of a JSON array, or of one array inside an object, one after the other: the file is never held as a whole."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from sft_trainer.data.detection.excerpt import excerpt
from sft_trainer.data.detection.unreadable import UnreadableFile
from sft_trainer.data.shapes.conversations import CONVERSATIONS

CHUNK_BYTES = 1 << 20
MAX_VALUE_BYTES = 16 << 20
"""As long as a row may be; what does not end by then is no row, and would be held in memory."""
ROW_LISTS = ("data", "rows", "train", "examples", "items")
"""Names under which files of one object keep their rows; none that a row itself has for its turns."""
OTHER_ROW_LISTS = frozenset({"test", "validation", "valid", "val", "dev", "eval"})
ROW_NAMES = frozenset(
    (
        *CONVERSATIONS,
        *("instruction", "prompt", "question", "query", "input", "output", "completion", "response", "answer", "text"),
        *("指令", "输入", "输出", "问题", "回答", "答案"),
    )
)
"""An object that has one of these is a row, whatever lists it has beside it: few-shot examples, search results."""
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
"""Finds where a value ends; whether it is good JSON is for the row's own parser to say. Numbers of any length are passed by."""


class JsonValues:
    """A cursor over the text of a stream of UTF-8."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._is_all_read = False
        self._is_member_read = False
        self.number = 0
        """Rows given so far."""

    def array(self) -> Iterator[bytes]:
        """The text of each value of the array that begins here; raises UnreadableFile where it breaks off."""
        self._expect("[")
        self._is_member_read = True
        if self._next() == "]":
            self._at += 1
            return
        while True:
            value = self._value()
            self.number += 1
            yield value
            separator = self._next()
            self._at += 1
            if separator == "]":
                return
            if separator != ",":
                raise self._broken(f"has {separator!r} where ',' or ']' must be" if separator else "ends")
            if self._next() == "]":  # a comma too many, as editors by hand leave it
                self._at += 1
                return

    def arrays(self) -> Iterator[bytes]:
        """The values of one array behind the other; raises UnreadableFile for anything else behind them."""
        yield from self.array()
        while following := self._next():
            if following != "[":
                raise self._broken(f"goes on with {following!r} behind its array")
            yield from self.array()

    def members(self) -> Iterator[tuple[str, str]]:
        """Of the object that begins here: each name and the first character of its value. What is not read of it is passed by."""
        self._expect("{")
        while self._next() not in ("}", ""):
            name = str(_DECODER.decode(self._value().decode(errors="replace")))
            self._expect(":")
            self._is_member_read = False
            yield name, self._next()
            if not self._is_member_read:
                self._value()
            if self._next() == ",":
                self._at += 1
        self._expect("}")

    def rows_of_object(self) -> Iterator[bytes]:
        """The values of its only list of rows; raises UnreadableFile where there is another one, or it is a row itself."""
        found = ""
        for name, first in self.members():
            if name in ROW_NAMES:
                raise self._broken(f"has {name!r}, as a row has, beside a list of rows")
            if first != "[" or (name not in ROW_LISTS and name not in OTHER_ROW_LISTS):
                continue
            for row in self.array():
                if found not in ("", name):
                    raise self._broken(f"has two lists of rows, {found!r} and {name!r}")
                found = name
                if name in ROW_LISTS:
                    yield row
        if not self.is_at_end():
            raise self._broken("goes on behind an object with a list of rows")

    def is_at_end(self) -> bool:
        """Whether nothing but blanks follows."""
        return not self._next()

    def concatenated(self) -> Iterator[bytes]:
        """The values of a text that holds one behind the other."""
        while self._next():
            value = self._value()
            self.number += 1
            yield value
            if self._next() == ",":
                self._at += 1

    def _value(self) -> bytes:
        self._next()
        while True:
            try:
                _, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise self._broken("is nested too deep") from error
            except ValueError as error:
                if self._is_all_read or len(self._text) - self._at > MAX_VALUE_BYTES:
                    raise self._broken(f"is no JSON, or longer than a row may be ({error})") from error
                self._read()
                continue
            if end == len(self._text) and not self._is_all_read:
                self._read()  # a number may go on
                continue
            value = self._text[self._at : end]
            self._at = end
            return value.encode(errors="surrogateescape")

    def _next(self) -> str:
        """Goes to the next character that is no blank; empty at the end."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if self._is_all_read:
                return ""
            self._read()

    def _expect(self, character: str) -> None:
        if (found := self._next()) != character:
            raise self._broken(f"has {found!r} where {character!r} must be" if found else "ends")
        self._at += 1

    def _read(self) -> None:
        """More text, as much again as there is, so that a long value is tried a few times only."""
        chunk = self._stream.read(max(CHUNK_BYTES, len(self._text) - self._at))
        self._is_all_read = not chunk
        self._text = self._text[self._at :] + self._decoder.decode(chunk, final=not chunk)
        self._at = 0

    def _broken(self, what: str) -> UnreadableFile:
        return UnreadableFile(
            f"is JSON that {what} after {self.number} rows, at {excerpt(self._text[self._at :])}",
            "upload it whole, or mend it there; JSONL, one object a line, loses one row where it breaks and not the rest",
        )
