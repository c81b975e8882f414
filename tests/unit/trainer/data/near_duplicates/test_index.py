"""Which rows end in one cluster."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sft_trainer.contract.dedupe import NearDuplicateSettings
from sft_trainer.data.near_duplicates import index as index_module
from sft_trainer.data.near_duplicates.banding import SMALL_BUCKET
from sft_trainer.data.near_duplicates.clusters import Clusters
from sft_trainer.data.near_duplicates.index import NearDuplicateIndex

HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
WORDS = [
    f"{first}{middle}{last}" for first in "bcdfghklm" for middle in ("a", "ee", "o", "un") for last in ("rt", "m", "xing", "ly")
]


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same rows each time, not a secret


def row_hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def clusters_of(texts: Sequence[str], scratch: Path, batch: int = 2_000, threshold: int = 70) -> Clusters:
    with NearDuplicateIndex(NearDuplicateSettings(threshold_percent=threshold), scratch) as index:
        for start in range(0, len(texts), batch):
            index.add(texts[start : start + batch])
        return index.clusters([texts.__getitem__], [row_hash(text) for text in texts])


def by_text(texts: Sequence[str], clusters: Clusters) -> dict[str, tuple[str, ...]]:
    return {text: tuple(texts[member] for member in clusters.members(row)) for row, text in enumerate(texts)}


def chinese(rng: random.Random, characters: int = 200) -> str:
    return "".join(rng.choices(HAN, k=characters))


def english(rng: random.Random, words: int = 80) -> str:
    return " ".join(rng.choices(WORDS, k=words))


def edited_chinese(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return f"{text[:place]}错{text[place + 1 :]}"


def edited_english(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    words[rng.randrange(len(words))] = "wrong"
    return " ".join(words)


@pytest.mark.parametrize(("write", "edit"), [(chinese, edited_chinese), (english, edited_english)], ids=["Chinese", "English"])
def test_edited_copies_join_their_originals_and_nothing_else_does(
    write: Callable[[random.Random], str], edit: Callable[[str, random.Random], str], tmp_path: Path
) -> None:
    rng = seeded(1)
    originals = [write(rng) for _ in range(300)]
    copies = [edit(text, rng) for text in originals]
    clusters = clusters_of(originals + copies, tmp_path)
    assert [sorted(clusters.members(row)) for row in range(300)] == [[row, row + 300] for row in range(300)]
    assert len(list(clusters.duplicated())) == 300


def test_a_cluster_is_named_by_the_row_whose_hash_is_the_least(tmp_path: Path) -> None:
    rng = seeded(2)
    text = chinese(rng)
    texts = [text, *(edited_chinese(text, rng) for _ in range(4)), chinese(rng)]
    clusters = clusters_of(texts, tmp_path)
    expected = min(range(5), key=lambda row: row_hash(texts[row]))
    assert [clusters.first(row) for row in range(6)] == [expected] * 5 + [5]
    assert clusters.members(5) == (5,)
    assert [row_hash(texts[row]) for row in clusters.members(0)] == sorted(row_hash(text) for text in texts[:5])


def test_rows_are_connected_through_others(tmp_path: Path) -> None:
    rng = seeded(3)
    texts = [chinese(rng, 240)]
    for step in range(12):  # each 8 characters on from the one before; the ends share little
        texts.append(texts[-1][: step * 20] + chinese(rng, 20) + texts[-1][step * 20 + 20 :])
    assert len(clusters_of(texts, tmp_path).members(0)) == len(texts)


@pytest.mark.parametrize(
    ("threshold", "joined"), [(60, True), (83, True), (87, False), (100, False)], ids=["60 %", "83 %", "87 %", "100 %"]
)
def test_rows_are_joined_from_the_threshold_on(threshold: int, joined: bool, tmp_path: Path) -> None:
    text = chinese(seeded(4), 64)  # 60 shingles, of which one edit changes 5: 55 shared of 65 is 84.6 %
    texts = [text, f"{text[:30]}错{text[31:]}"]
    assert (len(clusters_of(texts, tmp_path, threshold=threshold).members(0)) == 2) is joined


def test_at_a_threshold_of_one_hundred_rows_differ_in_layout_at_most(tmp_path: Path) -> None:
    texts = ["Name three primary colours.", "name three  primary colours.", "Name three primary colors."]
    assert clusters_of(texts, tmp_path, threshold=100).members(0) in ((0, 1), (1, 0))


def test_short_answers_do_not_run_together(tmp_path: Path) -> None:
    texts = ["是", "否", "好", "", "Yes", "No", "A", "B", "对的", "42"]
    assert not list(clusters_of(texts, tmp_path).duplicated())


def a_set_of_rows(seed: int) -> list[str]:
    rng = seeded(seed)
    rows = [chinese(rng, 60) for _ in range(4)] + [english(rng, 20) for _ in range(4)]
    for _ in range(30):
        text = rng.choice(rows)
        rows.append(edited_english(text, rng) if text.isascii() else edited_chinese(text, rng))
    boilerplate = english(rng, 30)  # more of them than a window holds
    return sorted({*rows, *(f"{boilerplate} {english(rng, 12)}" for _ in range(2 * SMALL_BUCKET))})


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1_000), order=st.randoms(use_true_random=False), batch=st.integers(1, 70))
def test_neither_order_nor_batches_change_the_clusters(seed: int, order: random.Random, batch: int, tmp_path: Path) -> None:
    rows = a_set_of_rows(seed)
    shuffled = order.sample(rows, len(rows))
    assert by_text(rows, clusters_of(rows, tmp_path)) == by_text(shuffled, clusters_of(shuffled, tmp_path, batch))


def test_order_makes_no_difference_where_comparisons_run_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "MAX_FAILED_COMPARISONS", 2)
    rng = seeded(5)
    boilerplate = english(rng, 40)
    rows = [f"{boilerplate} {english(rng, 20)}" for _ in range(200)]
    rows += [edited_english(text, rng) for text in rows[:100]]
    shuffled = rng.sample(rows, len(rows))
    assert by_text(rows, clusters_of(rows, tmp_path)) == by_text(shuffled, clusters_of(shuffled, tmp_path))


def test_copies_are_found_among_many_rows_that_share_boilerplate(tmp_path: Path) -> None:
    rng = seeded(6)
    boilerplate = english(rng, 40)
    rows = [f"{boilerplate} {english(rng, 40)}" for _ in range(1_000)]
    copies = [edited_english(text, rng) for text in rows]
    clusters = clusters_of(rows + copies, tmp_path)
    assert sum(row + 1_000 in clusters.members(row) for row in range(1_000)) >= 980


def test_no_rows_have_no_clusters(tmp_path: Path) -> None:
    assert not list(clusters_of([], tmp_path).duplicated())


def test_a_hash_is_wanted_for_every_row(tmp_path: Path) -> None:
    with NearDuplicateIndex(NearDuplicateSettings(), tmp_path) as index:
        index.add(["one", "two"])
        with pytest.raises(ValueError, match="2 rows were added, and 1 hashes given"):
            index.clusters([["one", "two"].__getitem__], [row_hash("one")])


def test_nothing_is_left_in_the_scratch_folder(tmp_path: Path) -> None:
    with NearDuplicateIndex(NearDuplicateSettings(), tmp_path / "sketches") as index:
        index.add(["one row", "another row"])
        assert list((tmp_path / "sketches").iterdir())
    assert not list((tmp_path / "sketches").iterdir())
