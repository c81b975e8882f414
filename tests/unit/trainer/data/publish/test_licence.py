"""What several licences together allow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.data.publish.licence import KNOWN, spdx_id, summarise


@pytest.mark.parametrize(
    ("declared", "spdx"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("Apache License 2.0", "Apache-2.0"),
        ("MIT License", "MIT"),
        ("CC BY-NC 4.0", "CC-BY-NC-4.0"),
        ("cc-by-sa-3.0", "CC-BY-SA-3.0"),
        ("GPL-3.0", "GPL-3.0-only"),
        ("gpl-3.0-only", "GPL-3.0-only"),
        ("cc0-1.0", "CC0-1.0"),
        ("odc-by", "ODC-By-1.0"),
        ("research only", None),
        ("", None),
        (None, None),
    ],
)
def test_what_people_write_is_understood_as_its_spdx_id(declared: str | None, spdx: str | None) -> None:
    assert spdx_id(declared) == spdx


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_spdx_id_is_its_own_in_either_case(name: str) -> None:
    assert spdx_id(name) == spdx_id(name.lower()) == name


@pytest.mark.parametrize(
    ("declared", "spdx", "hugging_face"),
    [
        (["mit", "apache-2.0"], "Apache-2.0", "apache-2.0"),
        (["cc0-1.0", "mit"], "MIT", "mit"),
        (["mit", "cc-by-4.0"], "CC-BY-4.0", "cc-by-4.0"),
        (["mit", "cc-by-nc-4.0"], "CC-BY-NC-4.0", "cc-by-nc-4.0"),
        (["cc-by-sa-3.0", "cc-by-sa-4.0", "mit"], "CC-BY-SA-4.0", "cc-by-sa-4.0"),
        (["cc-by-nc-sa-4.0", "cc-by-nc-4.0"], "CC-BY-NC-SA-4.0", "cc-by-nc-sa-4.0"),
        (["cc-by-sa-4.0", "gpl-3.0"], None, "other"),
        (["cc-by-nc-4.0", "cc-by-sa-4.0"], None, "other"),
        (["cc-by-nc-sa-4.0", "cc-by-sa-4.0"], None, "other"),
        (["mit", None], None, "unknown"),
        (["cc-by-nc-4.0", "ask the author"], None, "unknown"),
        ([], None, "unknown"),
    ],
)
def test_the_whole_has_the_strictest_licence_or_none(declared: list[str | None], spdx: str | None, hugging_face: str) -> None:
    summary = summarise((f"source {number}", licence) for number, licence in enumerate(declared))
    assert (summary.spdx, summary.hugging_face) == (spdx, hugging_face)


SOURCES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(sorted(KNOWN)) | st.none()), unique_by=lambda item: item[0]
)


@given(SOURCES)
def test_no_condition_of_any_source_is_lost(sources: list[tuple[str, str | None]]) -> None:
    summary = summarise(sources)
    names = [licence or "" for _, licence in sources]
    assert summary.is_non_commercial is any("-NC" in name for name in names)
    assert summary.forbids_derivatives is any("-ND" in name for name in names)
    assert summary.unknown == sorted(source for source, licence in sources if licence is None)
    if summary.spdx:
        whole = summarise([("whole", summary.spdx)])
        assert whole.is_non_commercial is summary.is_non_commercial
        assert whole.is_share_alike is summary.is_share_alike
        assert whole.forbids_derivatives is summary.forbids_derivatives
        assert not summary.unknown


@given(SOURCES, st.randoms(use_true_random=False))
def test_the_order_of_sources_changes_nothing(sources: list[tuple[str, str | None]], random: object) -> None:
    shuffled = list(sources)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random, which hypothesis wraps
    assert summarise(shuffled) == summarise(sources)


def test_unknown_is_said_with_the_names_of_the_sources() -> None:
    assert "No licence is known for: forum, notes." in summarise([("notes", None), ("forum", "?"), ("books", "mit")]).notes[0]
