"""How a text is encoded: by its byte order mark, else by trying UTF-8 and GB18030 on all of it.

Statistical detectors guess wrong where a sample cuts a character in two. A guess would turn rows into nonsense without a
word, so that what is neither is refused.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from sft_trainer.data.detection.common_characters import share_of_common
from sft_trainer.data.detection.seven_bit import seven_bit_encoding
from sft_trainer.data.detection.unreadable import UnreadableFile

CHUNK_BYTES = 1 << 20
MAX_BROKEN_PERCENT = 5
"""Of the bytes that are not plain ASCII: a UTF-8 file with some broken characters is still UTF-8, and its rows with them are
rejected one by one. Of another encoding's bytes next to none are valid UTF-8."""
MIN_HAN_PERCENT = 5
"""Of the characters, for GB18030: almost any bytes decode as it, but not into text of which a part is Chinese."""
MIN_COMMON_PERCENT = 15
"""Of the Chinese characters. In real text these make up two fifths, in bytes of Korean, Japanese or Big5 next to nothing."""
NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a byte order mark", "gb18030": "GB18030 (GBK)"}
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BEYOND_ASCII = bytes(range(128, 256))
_BROKEN = re.compile("[\udc80-\udcff]")
ICONV = "save it as UTF-8 (for example: iconv -f {0} -t UTF-8)"
Opener = Callable[[], BinaryIO]


class Encoding(StrEnum):
    """Encodings that are read, as Python's codecs name them."""

    UTF8 = "utf-8"
    UTF8_BOM = "utf-8-sig"
    UTF16 = "utf-16"
    UTF32 = "utf-32"
    GB18030 = "gb18030"


@dataclass(frozen=True, slots=True)
class EncodingFound:
    """The encoding, and how it was found out."""

    encoding: Encoding
    evidence: str


def encoding_of(open_stream: Opener) -> EncodingFound:
    """Reads all of the stream, more than once where the first answer is no; raises UnreadableFile."""
    with open_stream() as stream:
        beginning = stream.read(4096)
    for mark, name in MARKS:
        if beginning.startswith(mark):
            encoding = Encoding(name)
            _must_decode(open_stream, encoding)
            return EncodingFound(encoding, f"byte order mark {mark.hex()}")
    if b"\0" in beginning:
        raise UnreadableFile(
            "holds zero bytes: it is UTF-16 without a byte order mark, or no text",
            ICONV.format("UTF-16LE"),
        )
    if _decodes(open_stream, "utf-8"):
        _check_is_no_seven_bit_text(open_stream)
        return EncodingFound(Encoding.UTF8, "all of it is valid UTF-8")
    broken, beyond = _broken_bytes(open_stream)
    if broken * 100 <= MAX_BROKEN_PERCENT * beyond:
        return EncodingFound(Encoding.UTF8, f"{broken} of {beyond} bytes beyond ASCII are not valid UTF-8")
    return _chinese(open_stream)


def _check_is_no_seven_bit_text(open_stream: Opener) -> None:
    with open_stream() as stream:
        found = seven_bit_encoding(stream.read(CHUNK_BYTES))
    if found:
        raise UnreadableFile(f"is text in {found}, an encoding of ASCII characters alone", ICONV.format(found))


def _decodes(open_stream: Opener, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with open_stream() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                if not (encoding == "utf-8" and chunk.isascii() and not decoder.getstate()[0]):
                    decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _must_decode(open_stream: Opener, encoding: Encoding) -> None:
    if encoding is not Encoding.UTF8_BOM and not _decodes(open_stream, encoding):
        raise UnreadableFile(f"begins with the mark of {encoding} and does not go on so", "save it as UTF-8")


def _broken_bytes(open_stream: Opener) -> tuple[int, int]:
    """(bytes that are not UTF-8, bytes that are not ASCII)"""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    broken = beyond = 0
    with open_stream() as stream:
        while chunk := stream.read(CHUNK_BYTES):
            beyond += len(chunk) - len(chunk.translate(None, _BEYOND_ASCII))
            broken += len(_BROKEN.findall(decoder.decode(chunk)))
    return broken + len(_BROKEN.findall(decoder.decode(b"", final=True))), beyond


def _chinese(open_stream: Opener) -> EncodingFound:
    decoder = codecs.getincrementaldecoder("gb18030")()
    characters = han = common = 0
    try:
        with open_stream() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                text = decoder.decode(chunk)
                characters += len(text)
                more_han, more_common = share_of_common(text)
                han += more_han
                common += more_common
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise UnreadableFile("is text in an encoding that is neither UTF-8 nor GB18030", ICONV.format("ENCODING")) from error
    if han * 100 < MIN_HAN_PERCENT * characters or common * 100 < MIN_COMMON_PERCENT * han:
        raise UnreadableFile(
            "is text in another encoding than UTF-8, and read as GB18030 it is not Chinese", ICONV.format("ENCODING")
        )
    share = f"{100 * han // characters} % of its characters are Chinese"
    return EncodingFound(Encoding.GB18030, f"not UTF-8; all of it is valid GB18030, and {share}")
