"""Are the sources still what a version was made from? Files changed, came and went; told without reading rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sft_trainer.contract import (
    Gates,
    MountedSource,
    ObjectRef,
    PrepareConfig,
    Reason,
    Source,
    SourceCheckConfig,
    StorePrefix,
    StoreSource,
)
from sft_trainer.data.drift import UNCHANGED, FoundDrift, drift_of, in_words
from sft_trainer.data.prepare import prepare
from sft_trainer.failure import TrainerFailure

OWNER = ObjectRef(namespace="team", name="faq", uid="u")


def rows(word: str) -> str:
    return "\n".join(json.dumps({"prompt": f"{word} {number}?", "completion": f"{word} is {number}."}) for number in range(5))


class Watched:
    """A version made of two sources, a folder and a ConfigMap, and a look at them."""

    def __init__(self, folder: Path) -> None:
        self.raw, self.mounted, self.run = folder / "raw", folder / "mounted", f"file://{folder}/run/"
        for place, name in ((self.raw, "a.jsonl"), (self.raw, "b.jsonl"), (self.mounted, "c.jsonl")):
            place.mkdir(exist_ok=True)
            (place / name).write_text(rows(name))
        self.sources = [
            Source(name="faq", store=StoreSource(uri=f"file://{self.raw}/")),
            Source(name="map", mounted=MountedSource(path=str(self.mounted))),
        ]
        scratch = folder / "scratch"
        scratch.mkdir()
        prepare(
            PrepareConfig(
                owner=OWNER,
                attempt=1,
                sources=self.sources,
                eval_percent=0,
                gates=Gates(max_reject_percent=0, min_rows=1),
                versions=StorePrefix(uri=f"file://{folder}/versions/"),
                run=StorePrefix(uri=self.run),
            ),
            scratch,
        )

    def look(self) -> FoundDrift:
        run = StorePrefix(uri=self.run)
        return drift_of(SourceCheckConfig(owner=OWNER, attempt=1, sources=self.sources, run=run))


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_untouched_sources_are_unchanged(watched: Watched) -> None:
    found = watched.look()
    assert not found.counts.is_any
    assert in_words(found) == UNCHANGED


def test_a_changed_config_map_is_told_by_its_content(watched: Watched) -> None:
    (watched.mounted / "c.jsonl").write_text(rows("other"))
    assert in_words(watched.look()) == "source 'map': 1 changed (c.jsonl)"


def test_files_that_came_and_went_are_named(watched: Watched) -> None:
    (watched.raw / "a.jsonl").unlink()
    for number in range(4):
        (watched.raw / f"new-{number}.jsonl").write_text(rows("new"))
    found = watched.look()
    assert (found.counts.added, found.counts.removed) == (4, 1)
    assert "4 new (new-0.jsonl, new-1.jsonl, new-2.jsonl, ...), 1 gone (a.jsonl)" in in_words(found)


def test_a_source_that_is_gone_altogether_is_drift_and_no_failure(watched: Watched) -> None:
    for path in watched.raw.iterdir():
        path.unlink()
    assert watched.look().counts.removed == 2


def test_without_the_report_there_is_nothing_to_compare_with(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "run" / "report.json").unlink()
    with pytest.raises(TrainerFailure) as caught:
        watched.look()
    assert caught.value.reason is Reason.DATASET_CORRUPT
    assert "raise spec.run" in caught.value.remedy
