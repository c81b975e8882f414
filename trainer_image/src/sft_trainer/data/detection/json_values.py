"""The values of a JSON array, or of one array inside an object, one after the other: the file is never held as a whole."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from sft_trainer.data.detection.unreadable import UnreadableFile

CHUNK_BYTES = 1 << 20
MAX_VALUE_BYTES = 16 << 20
"""As long as a row may be; what does not end by then is no row, and would be held in memory."""
ROW_LISTS = ("data", "rows", "train", "examples", "items")
"""Names under which files of one object keep their rows; none that a row itself has for its turns."""
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=False)
"""Finds where a value ends; whether it is good JSON is for the row's own parser to say."""


class JsonValues:
    """A cursor over the text of a stream of UTF-8."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._at = 0
        self._is_all_read = False
        self.number = 0
        """Values given so far."""

    def array(self) -> Iterator[bytes]:
        """The text of each value of the array that begins here; raises UnreadableFile where it breaks off."""
        self._expect("[")
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            separator = self._next()
            self._at += 1
            if separator == "]":
                return
            if separator != ",":
                raise self._broken(f"has {separator!r} where ',' or ']' must be" if separator else "ends")
            if self._next() == "]":  # a comma too many, as editors by hand leave it
                self._at += 1
                return

    def after_array(self) -> str:
        """The next character behind it; empty at the end."""
        return self._next()

    def rows_of_object(self, names: tuple[str, ...] = ROW_LISTS) -> Iterator[bytes]:
        """The values of the first member that has one of the names and is an array; nothing where there is none."""
        self._expect("{")
        while self._next() not in ("}", ""):
            name = _DECODER.decode(self._value().decode())
            self._expect(":")
            if name in names and self._next() == "[":
                yield from self.array()
                return
            self._value()
            if self._next() == ",":
                self._at += 1

    def concatenated(self) -> Iterator[bytes]:
        """The values of a text that holds one behind the other."""
        while self._next():
            yield self._value()
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
            self.number += 1
            return value.encode()

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
        beginning = self._text[self._at : self._at + 60]
        return UnreadableFile(
            f"is JSON that {what} after {self.number} rows, at {beginning!r}",
            "upload it whole, or mend it there; JSONL, one object a line, loses one row where it breaks and not the rest",
        )
