"""What a file is packed in, by its first bytes (and parquet's last), and a stream of what is inside."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from sft_trainer.data.detection.unpacked import Unpacked
from sft_trainer.data.detection.unreadable import UnreadableFile
from sft_trainer.data.detection.xz_stream import XzStream
from sft_trainer.data.detection.zstd_frames import check_zstd_is_whole


class Container(StrEnum):
    """What rows are packed in."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"
    BZIP2 = "bzip2"
    XZ = "xz"
    XLSX = "xlsx"
    PARQUET = "parquet"
    ARROW = "arrow"


ARROW_STREAM = b"\xff\xff\xff\xff"
"""Of Arrow's format for streams, in which the `datasets` library keeps its own copies."""
MAGIC: tuple[tuple[bytes, Container], ...] = (
    (b"\x1f\x8b", Container.GZIP),
    (b"\x28\xb5\x2f\xfd", Container.ZSTD),
    (b"BZh", Container.BZIP2),
    (b"\xfd7zXZ\x00", Container.XZ),
    (b"PAR1", Container.PARQUET),
    (b"ARROW1", Container.ARROW),
    (ARROW_STREAM, Container.ARROW),
)
FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "is a PDF", "export its text as rows"),
    (b"\x89PNG", "is a picture", "rows must be text"),
    (b"\xff\xd8\xff", "is a picture", "rows must be text"),
    (b"\xd0\xcf\x11\xe0", "is an old Office file (.xls or .doc)", "save it as .xlsx or CSV"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", "unpack it"),
    (b"Rar!", "is a RAR archive", "unpack it"),
    (b"SQLite format 3", "is an SQLite database", "export its table as CSV or JSONL"),
    (b"\x80\x03", "is a Python pickle", "save its rows as JSONL: a pickle can run code, and is never opened"),
    (b"\x80\x05", "is a Python pickle", "save its rows as JSONL: a pickle can run code, and is never opened"),
    (b"\x80\x04", "is a Python pickle", "save its rows as JSONL: a pickle can run code, and is never opened"),
)
MEMORY_BYTES = 128 << 20
"""What unpacking may use for its window: as much as the strongest presets of zstd and xz that tools use unasked."""


def container_of(path: Path) -> Container:
    """Raises UnreadableFile for what no rows can be in."""
    with path.open("rb") as file:
        beginning = file.read(64)
    for magic, container in MAGIC:
        if beginning.startswith(magic):
            return container
    if beginning.startswith(b"PK\x03\x04"):
        return _inside_zip(path)
    if beginning[257:262] == b"ustar":
        raise UnreadableFile("is a tar archive", "unpack it")
    for magic, found, remedy in FOREIGN:
        if beginning.startswith(magic):
            raise UnreadableFile(found, remedy)
    return Container.PLAIN


def _inside_zip(path: Path) -> Container:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise UnreadableFile(f"is a zip archive that is damaged ({error})", "upload it again, whole") from error
    if "xl/workbook.xml" in names:
        return Container.XLSX
    raise UnreadableFile(f"is a zip archive (with {', '.join(names[:3])})", "unpack it")


def open_unpacked(path: Path, container: Container) -> BinaryIO:
    """The bytes inside, as a stream that is bounded: against its packed size, and in the memory that it takes."""
    if container is Container.PLAIN:
        return path.open("rb")
    if container is Container.ZSTD:
        check_zstd_is_whole(path)
    return cast("BinaryIO", Unpacked(_OPENERS[container](path), path.stat().st_size, container.value))


def _open_gzip(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb"))


def _open_zstd(path: Path) -> BinaryIO:
    decompressor = zstandard.ZstdDecompressor(max_window_size=MEMORY_BYTES)
    return cast("BinaryIO", decompressor.stream_reader(path.open("rb"), read_across_frames=True, closefd=True))


def _open_bzip2(path: Path) -> BinaryIO:
    return cast("BinaryIO", bz2.open(path, "rb"))


def _open_xz(path: Path) -> BinaryIO:
    return cast("BinaryIO", XzStream(path.open("rb"), MEMORY_BYTES))


_OPENERS: Mapping[Container, Callable[[Path], BinaryIO]] = {
    Container.GZIP: _open_gzip,
    Container.ZSTD: _open_zstd,
    Container.BZIP2: _open_bzip2,
    Container.XZ: _open_xz,
}
