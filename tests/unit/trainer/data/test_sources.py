"""Rows of a source: every one that is not blank, with its number, whatever the file does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sft_trainer.contract import NetworkSettings, Reason, Source, StoreSource
from sft_trainer.data.detection import lines as detected_lines
from sft_trainer.data.sources import SourceReader
from sft_trainer.failure import TrainerFailure

ROW = b'{"a":1}'


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    folder = tmp_path / "bucket"
    folder.mkdir()
    return folder


def reader(bucket: Path, key: str) -> SourceReader:
    return SourceReader(Source(name="faq", store=StoreSource(uri=f"file://{bucket}/{key}")), NetworkSettings())


def read(bucket: Path, key: str, scratch: Path) -> list[tuple[str, int, bytes]]:
    return [(line.file, line.number, line.data) for line in reader(bucket, key).lines(scratch)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"{}\n[]\n", [(1, b"{}"), (2, b"[]")], id="plain"),
        pytest.param(b"{}\n[]", [(1, b"{}"), (2, b"[]")], id="no newline at the end"),
        pytest.param(b"{}\r\n[]\r\n", [(1, b"{}"), (2, b"[]")], id="Windows line ends"),
        pytest.param(b"\xef\xbb\xbf{}\n[]\n", [(1, b"{}"), (2, b"[]")], id="byte order mark"),
        pytest.param(b"\n \n\t\r\n{}\n", [(4, b"{}")], id="blank lines keep their numbers"),
        pytest.param(
            '["\u2028b\x85c"]\n{}'.encode(), [(1, '["\u2028b\x85c"]'.encode()), (2, b"{}")], id="Unicode line ends are text"
        ),
        pytest.param(b"oops\n{}\n{}\n", [(1, b"oops"), (2, b"{}"), (3, b"{}")], id="a broken line among good ones"),
    ],
)
def test_lines_are_told_apart_by_newlines_alone(
    bucket: Path, tmp_path: Path, content: bytes, expected: list[tuple[int, bytes]]
) -> None:
    (bucket / "f.jsonl").write_bytes(content)
    assert read(bucket, "f.jsonl", tmp_path) == [("f.jsonl", number, data) for number, data in expected]


def test_inline_rows_are_read_like_a_file(tmp_path: Path) -> None:
    inline = SourceReader(Source(name="faq", inline="{}\n\n[]\r\n"), NetworkSettings())
    assert [(line.file, line.number, line.data) for line in inline.lines(tmp_path)] == [
        ("inline", 1, b"{}"),
        ("inline", 3, b"[]"),
    ]


def test_a_folder_gives_its_data_files_in_the_order_of_their_keys(bucket: Path, tmp_path: Path) -> None:
    for key in ("b.jsonl", "a/z.jsonl", "a/10.json", "notes.txt", "a/9.jsonl", "README.md"):
        (bucket / key).parent.mkdir(exist_ok=True)
        (bucket / key).write_bytes(ROW)
    assert [file for file, _, _ in read(bucket, "", tmp_path)] == ["a/10.json", "a/9.jsonl", "a/z.jsonl", "b.jsonl"]


def test_an_empty_file_beside_a_full_one_is_no_error(bucket: Path, tmp_path: Path) -> None:
    (bucket / "a.jsonl").write_bytes(b"")
    (bucket / "b.jsonl").write_bytes(ROW)
    assert read(bucket, "", tmp_path) == [("b.jsonl", 1, ROW)]


@pytest.mark.parametrize("length", [9, 10, 11, 25, 26, 27, 100])
def test_only_a_line_above_the_limit_is_cut_and_the_next_is_whole(
    bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(detected_lines, "MAX_LINE_BYTES", 25)
    monkeypatch.setattr(detected_lines, "OVERLONG_BYTES", 3)
    row = b'"' + b"x" * (length - 2) + b'"'
    (bucket / "f.jsonl").write_bytes(b"{}\n" + row + b"\n{}\n" + row)
    lines = list(reader(bucket, "f.jsonl").lines(tmp_path))
    assert [line.number for line in lines] == [1, 2, 3, 4]
    assert lines[2].data == b"{}"
    assert [line.is_too_long for line in lines] == [False, length > 25, False, length > 25]
    assert lines[1].data == (row[:3] if length > 25 else row)


def test_what_each_file_was_taken_for_is_told(bucket: Path, tmp_path: Path) -> None:
    (bucket / "a.csv").write_bytes(
        "问题,答案\n你在吗,在的\n".encode("gb18030") * 1 + "我的水泵坏了,请关上它\n".encode("gb18030") * 20
    )
    (bucket / "b.jsonl").write_bytes(ROW)
    folder = reader(bucket, "")
    list(folder.lines(tmp_path))
    assert [(file.key, file.form.encoding_name, file.form.layout) for file in folder.files] == [
        ("a.csv", "GB18030 (GBK)", "table"),
        ("b.jsonl", "UTF-8", "JSON lines"),
    ]


def test_downloads_leave_nothing_on_the_disk(bucket: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (bucket / "f.jsonl").write_bytes(b"{}\n{}\n")
    read(bucket, "f.jsonl", scratch)
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    ("key", "there", "reason", "told"),
    [
        ("faq.jsnl", {"faq.jsonl": b"x"}, Reason.SOURCE_NOT_FOUND, r"faq\.jsnl was not found; there is faq\.jsonl"),
        ("faq.jsonl", {"other/zzz": b"x"}, Reason.SOURCE_NOT_FOUND, r"there is other/zzz"),
        ("faq.jsonl", {}, Reason.SOURCE_NOT_FOUND, r"faq\.jsonl was not found; nothing is there"),
        ("", {}, Reason.SOURCE_NOT_FOUND, r"no object below .* is a data file .*; nothing is there"),
        ("", {"notes.txt": b"x"}, Reason.SOURCE_NOT_FOUND, r"there is notes\.txt"),
        ("faq.jsonl", {"faq.jsonl": b""}, Reason.SOURCE_EMPTY, r"is empty \(faq\.jsonl: 0 bytes\)"),
        ("", {"a.jsonl": b"", "b.jsonl": b""}, Reason.SOURCE_EMPTY, r"is empty \(a\.jsonl, b\.jsonl: 0 bytes\)"),
    ],
    ids=["a slip of the pen", "something else there", "nothing there", "empty folder", "no data", "empty file", "empty files"],
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


def test_the_first_file_says_which_others_of_the_folder_are_not_read(bucket: Path, tmp_path: Path) -> None:
    for key in ("a.jsonl", "b.jsonl", "notes.txt", "README.md"):
        (bucket / key).write_bytes(ROW)
    whole = reader(bucket, "")
    assert len(list(whole.lines(tmp_path))) == 2
    first, second = (" ".join(file.form.evidence) for file in whole.files)
    assert "is not read: README.md, notes.txt" in first
    assert "not read" not in second


def test_a_link_out_of_a_folder_is_refused_and_one_that_is_named_is_read(bucket: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.jsonl").write_bytes(ROW)
    (bucket / "a.jsonl").symlink_to("../elsewhere.jsonl")
    assert len(read(bucket, "a.jsonl", tmp_path)) == 1
    with pytest.raises(TrainerFailure, match="is a link to a place outside"):
        read(bucket, "", tmp_path)
