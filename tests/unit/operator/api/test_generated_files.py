"""What is committed is what the models say."""

from __future__ import annotations

from pathlib import Path

import pytest

from sft_operator.api import generate


def test_every_generated_file_is_up_to_date(repository: Path) -> None:
    assert generate.stale_files(repository) == [], "run `make generate`"


def test_nothing_lies_beside_the_generated_crds(repository: Path) -> None:
    """A CRD of a kind that no longer exists would be installed for ever."""
    for folder in ("crds", f"{generate.CHART}/crds", f"{generate.CHART}/files"):
        expected = {path.rpartition("/")[2] for path in generate.generated_files() if path.rpartition("/")[0] == folder}
        assert {path.name for path in (repository / folder).iterdir()} == expected


def test_writing_changes_only_what_is_stale(tmp_path: Path) -> None:
    everything = sorted(generate.generated_files())
    assert sorted(generate.write_files(tmp_path)) == everything
    assert generate.write_files(tmp_path) == []
    (tmp_path / "docs" / "api.md").write_text("edited by hand")
    assert generate.stale_files(tmp_path) == ["docs/api.md"]


def test_checking_names_the_stale_files_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "REPOSITORY", tmp_path)
    monkeypatch.setattr("sys.argv", ["generate", "--check"])
    assert generate.main() == 1
    assert "docs/api.md: stale; run `make generate`" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_every_generated_file_says_what_makes_it() -> None:
    for path, content in generate.generated_files().items():
        assert "Generated from operator/src/sft_operator/api by `make generate`" in content[:200], path
