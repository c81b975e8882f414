"""No name leads out of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.store.paths import UnsafePath, checked, inside

HOSTILE_PARTS = st.sampled_from(["..", ".", "", "a", "b.c", "\\", "\0", "~", "/", "...", "a\nb", " ", "x" * 256, "\ud800", "中"])


@given(st.lists(HOSTILE_PARTS | st.text(max_size=8), max_size=6).map("/".join))
def test_what_is_let_through_lies_below_the_folder(path: str) -> None:
    folder = Path("/scratch/version")
    try:
        found = inside(folder, path)
    except UnsafePath:
        return
    assert found.is_relative_to(folder)
    assert found != folder
    assert ".." not in found.parts
    assert "\0" not in str(found)
    assert all(len(part.encode()) <= 255 for part in found.parts)


@pytest.mark.parametrize("path", ["a", "a/b.c", "...", "zählung/中文", "a b", "~"])
def test_ordinary_names_are_let_through(path: str) -> None:
    assert checked(path) == path


@pytest.mark.parametrize("path", ["", "/", "..", "a/..", "./a", "/etc/passwd", "a//b", "a\\b", "a\nb", "\0", "x" * 256])
def test_names_that_are_none_are_refused(path: str) -> None:
    with pytest.raises(UnsafePath, match="ordinary parts"):
        checked(path)
