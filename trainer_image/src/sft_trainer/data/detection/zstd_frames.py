"""Whether a zstd file is whole. The decompressor ends in silence where a file was cut off, and rows would be missing.

Frames are walked block by block, without unpacking them (RFC 8878, section 3.1).
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import zstandard

from sft_trainer.data.detection.unreadable import UnreadableFile

MAX_HEADER_BYTES = 18
SKIPPABLE = range(0x184D2A50, 0x184D2A60)
RLE_BLOCK = 1
CHECKSUM_BYTES = 4
CUT_OFF = UnreadableFile("is zstd that ends in the middle of a frame", "upload it again, whole")


def check_zstd_is_whole(path: Path) -> None:
    """Raises UnreadableFile."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() < size:
            _skip_frame(file)
            if file.tell() > size:
                raise CUT_OFF


def _skip_frame(file: BinaryIO) -> None:
    start = file.tell()
    beginning = file.read(MAX_HEADER_BYTES)
    if int.from_bytes(beginning[:4], "little") in SKIPPABLE:
        file.seek(start + 8 + int.from_bytes(beginning[4:8], "little"))
        return
    try:
        header_bytes = zstandard.frame_header_size(beginning)
        has_checksum = zstandard.get_frame_parameters(beginning).has_checksum
    except zstandard.ZstdError as error:
        raise UnreadableFile(f"begins as zstd and goes on as something else at byte {start}", "upload it again, whole") from error
    file.seek(start + header_bytes)
    while not _skip_block(file):
        pass
    if has_checksum:
        file.seek(CHECKSUM_BYTES, 1)


def _skip_block(file: BinaryIO) -> bool:
    """Goes past one block; whether it was the frame's last."""
    header = file.read(3)
    if len(header) < 3:
        raise CUT_OFF
    fields = int.from_bytes(header, "little")
    is_last, kind, size = bool(fields & 1), fields >> 1 & 3, fields >> 3
    file.seek(1 if kind == RLE_BLOCK else size, 1)
    return is_last
