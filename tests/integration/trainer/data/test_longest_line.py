"""A line of 4 GiB, which nothing of ours may hold: rejected by its number, and the rows around it are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.trainer.data.checked_file import GIB, MAX_MIB, MAX_SECONDS, check, endless_line

pytestmark = [pytest.mark.integration, pytest.mark.matrix]


def test_a_line_of_four_gibibytes_takes_no_more_memory_than_one_of_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    endless_line(path, 4 * GIB)
    with path.open("ab") as file:
        file.write(b'\n{"prompt": "c", "completion": "d"}\n')
    assert path.stat().st_size > 4 * GIB
    ended = check(path, tmp_path)
    print(f"{ended.peak_mib:.0f} MiB, {ended.seconds:.1f} s\n{ended.said}")
    assert "rows.jsonl:2: LineTooLong" in ended.said
    assert "kept           2" in ended.said
    assert ended.peak_mib < MAX_MIB
    assert ended.seconds < MAX_SECONDS
