"""Rows far longer than the others, and rows that are a letter longer."""

from __future__ import annotations

from contextlib import closing
from hashlib import sha256
from pathlib import Path

from sft_trainer.data.digest import canonical_json
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.length_outliers import length_outliers
from sft_trainer.data.rows import Content, Message, Origin


def outliers(tmp_path: Path, lengths: list[int]) -> list[int]:
    with closing(KeptRows(tmp_path / "rows")) as rows:
        for number, length in enumerate(lengths):
            canonical = canonical_json(Content((Message("user", "?"), Message("assistant", "y" * length))))
            rows.append(sha256(canonical).digest(), canonical, Origin("faq", "a", number + 1))
        return list(length_outliers(range(len(lengths)), rows))


def test_where_all_rows_are_equally_long_a_letter_more_is_nothing(tmp_path: Path) -> None:
    assert outliers(tmp_path, [200] * 160 + [201] * 39) == []


def test_a_row_twice_as_long_as_the_others_is_ordinary(tmp_path: Path) -> None:
    assert outliers(tmp_path, [200] * 160 + [400]) == []


def test_a_book_among_paragraphs_is_none(tmp_path: Path) -> None:
    assert outliers(tmp_path, [200 + number for number in range(160)] + [90_000]) == [160]
