"""Names of children: valid, bounded, and different for everything that differs."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from sft_operator.core import naming
from sft_operator.core.observed import Parent
from tests.unit.operator.core.worlds import DATASET, SFT_JOB

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,34}[a-z0-9])?", fullmatch=True)
uids = st.uuids().map(str)
numbers = st.integers(min_value=1, max_value=1_000_000)


@given(name=names, uid=uids, generation=st.integers(1, 10**9), run=numbers, attempt=numbers)
def test_every_name_is_a_label_of_at_most_63_characters(name: str, uid: str, generation: int, run: int, attempt: int) -> None:
    parent = Parent("SFTJob", "ns", name, uid, generation)
    for child in (
        naming.preparation_job(parent, run, attempt),
        naming.plan_job(parent, run, attempt),
        naming.training_job(parent, run, attempt),
    ):
        assert len(child) <= 63
        assert DNS_LABEL.fullmatch(child)
        assert uid[:8] in child


@given(name=names, uid=uids, one=st.tuples(numbers, numbers), other=st.tuples(numbers, numbers))
def test_different_attempts_have_different_names(name: str, uid: str, one: tuple[int, int], other: tuple[int, int]) -> None:
    parent = Parent("SFTJob", "ns", name, uid, 1)
    assert (naming.training_job(parent, *one) == naming.training_job(parent, *other)) == (one == other)


def test_names_tell_people_what_the_job_is() -> None:
    assert naming.preparation_job(DATASET, 2, 3) == "ids-faq-11111111-g1-r2-a3"
    assert naming.plan_job(SFT_JOB, 2, 3) == "sft-bot-99999999-r2-plan3"
    assert naming.training_job(SFT_JOB, 2, 3) == "sft-bot-99999999-r2-a3"


def test_a_child_belongs_to_its_parent_alone() -> None:
    reference = naming.owner_reference(SFT_JOB)
    assert (reference["uid"], reference["controller"], reference["blockOwnerDeletion"]) == (SFT_JOB.uid, True, True)
