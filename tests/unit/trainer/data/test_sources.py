"""Lines of a source: every one that is not blank, with its number, whatever the file does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sft_trainer.contract import Reason, Source, StorePrefix
from sft_trainer.data import sources
from sft_trainer.data.sources import read_lines
from sft_trainer.failure import TrainerFailure


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    folder = tmp_path / "bucket"
    folder.mkdir()
    return folder


def read(bucket: Path, key: str, scratch: Path) -> list[tuple[str, int, bytes]]:
    source = Source(name="faq", store=StorePrefix(uri=f"file://{bucket}/{key}"))
    return [(line.file, line.number, line.data) for line in read_lines(source, scratch)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a\nb\n", [(1, b"a"), (2, b"b")], id="plain"),
        pytest.param(b"a\nb", [(1, b"a"), (2, b"b")], id="no newline at the end"),
        pytest.param(b"a\r\nb\r\n", [(1, b"a"), (2, b"b")], id="Windows line ends"),
        pytest.param(b"\xef\xbb\xbfa\nb\n", [(1, b"a"), (2, b"b")], id="byte order mark"),
        pytest.param(b"\n \n\t\r\na\n", [(4, b"a")], id="blank lines keep their numbers"),
        pytest.param("a\u2028b\x85c\n".encode(), [(1, "a\u2028b\x85c".encode())], id="Unicode line ends are text"),
    ],
)
def test_lines_are_told_apart_by_newlines_alone(
    bucket: Path, tmp_path: Path, content: bytes, expected: list[tuple[int, bytes]]
) -> None:
    (bucket / "f.jsonl").write_bytes(content)
    assert read(bucket, "f.jsonl", tmp_path) == [("f.jsonl", number, data) for number, data in expected]


def test_inline_rows_are_read_like_a_file(tmp_path: Path) -> None:
    source = Source(name="faq", inline="a\n\nb\r\n")
    assert [(line.file, line.number, line.data) for line in read_lines(source, tmp_path)] == [
        ("inline", 1, b"a"),
        ("inline", 3, b"b"),
    ]


def test_a_folder_gives_its_jsonl_objects_in_the_order_of_their_keys(bucket: Path, tmp_path: Path) -> None:
    for key in ("b.jsonl", "a/z.jsonl", "a/10.jsonl", "notes.txt", "a/9.jsonl"):
        (bucket / key).parent.mkdir(exist_ok=True)
        (bucket / key).write_text(key)
    assert [file for file, _, _ in read(bucket, "", tmp_path)] == ["a/10.jsonl", "a/9.jsonl", "a/z.jsonl", "b.jsonl"]


def test_an_empty_file_beside_a_full_one_is_no_error(bucket: Path, tmp_path: Path) -> None:
    (bucket / "a.jsonl").write_bytes(b"")
    (bucket / "b.jsonl").write_bytes(b"x")
    assert read(bucket, "", tmp_path) == [("b.jsonl", 1, b"x")]


@pytest.mark.parametrize("length", [9, 10, 11, 25, 26, 27, 100])
def test_only_a_line_above_the_limit_is_cut_and_the_next_is_whole(
    bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(sources, "MAX_LINE_BYTES", 25)
    monkeypatch.setattr(sources, "OVERLONG_BYTES", 3)
    (bucket / "f.jsonl").write_bytes(b"x" * length + b"\nnext\n" + b"y" * length)
    source = Source(name="faq", store=StorePrefix(uri=f"file://{bucket}/f.jsonl"))
    lines = list(read_lines(source, tmp_path))
    assert [line.number for line in lines] == [1, 2, 3]
    assert lines[1].data == b"next"
    assert [line.is_too_long for line in lines] == [length > 25, False, length > 25]
    assert lines[0].data == (b"xxx" if length > 25 else b"x" * length)


def test_downloads_leave_nothing_on_the_disk(bucket: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (bucket / "f.jsonl").write_bytes(b"a\nb\n")
    read(bucket, "f.jsonl", scratch)
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    ("key", "there", "reason", "told"),
    [
        ("faq.jsnl", {"faq.jsonl": b"x"}, Reason.SOURCE_NOT_FOUND, r"faq\.jsnl was not found; there is faq\.jsonl"),
        ("faq.jsonl", {"other/zzz": b"x"}, Reason.SOURCE_NOT_FOUND, r"there is other/zzz"),
        ("faq.jsonl", {}, Reason.SOURCE_NOT_FOUND, r"faq\.jsonl was not found; nothing is there"),
        ("", {}, Reason.SOURCE_NOT_FOUND, r"no object below .* ends in \.jsonl; nothing is there"),
        ("", {"a.jsonl.gz": b"x"}, Reason.SOURCE_NOT_FOUND, r"there is a\.jsonl\.gz"),
        ("faq.jsonl", {"faq.jsonl": b""}, Reason.SOURCE_EMPTY, r"is empty \(faq\.jsonl: 0 bytes\)"),
        ("", {"a.jsonl": b"", "b.jsonl": b""}, Reason.SOURCE_EMPTY, r"is empty \(a\.jsonl, b\.jsonl: 0 bytes\)"),
    ],
    ids=["a slip of the pen", "something else there", "nothing there", "empty folder", "compressed", "empty file", "empty files"],
)
def test_a_source_without_rows_says_what_was_found_instead(
    bucket: Path, tmp_path: Path, key: str, there: dict[str, bytes], reason: Reason, told: str
) -> None:
    for name, content in there.items():
        (bucket / name).parent.mkdir(exist_ok=True)
        (bucket / name).write_bytes(content)
    with pytest.raises(TrainerFailure) as caught:
        read(bucket, key, tmp_path)
    assert caught.value.reason is reason
    assert re.search(told, caught.value.message)
    assert str(bucket) in caught.value.message
    assert caught.value.remedy
