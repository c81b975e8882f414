"""Digests name content: never order, origin or split sizes."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.data.dedupe import UniqueRows
from sft_trainer.data.digest import dataset_digest, row_hash
from sft_trainer.data.rows import Message, Origin, Row
from sft_trainer.data.split import split_of

HERE = Origin("faq", "a.jsonl", 1)


def row(answer: str, origin: Origin = HERE) -> Row:
    return Row((Message("user", "q"), Message("assistant", answer)), origin)


def test_a_row_hash_is_the_sha256_of_its_canonical_json() -> None:
    canonical = '{"messages":[{"content":"q","role":"user"},{"content":"zäh €","role":"assistant"}]}'
    assert row_hash(row("zäh €")) == hashlib.sha256(canonical.encode()).hexdigest()


def test_where_a_row_comes_from_changes_nothing() -> None:
    assert row_hash(row("a")) == row_hash(row("a", Origin("other", "b.jsonl", 99)))


def test_every_word_and_role_changes_the_hash() -> None:
    rows = [
        row("a"),
        row("a "),
        row("A"),
        Row((Message("user", "q"), Message("assistant", "a"), Message("user", "q"), Message("assistant", "a")), HERE),
        Row((Message("system", "q"), Message("assistant", "a")), HERE),
        Row((Message("user", "qa"), Message("assistant", "")), HERE),
    ]
    assert len({row_hash(each) for each in rows}) == len(rows)


MEMBERS = st.lists(st.tuples(st.sampled_from(["train", "eval"]), st.text("0123456789abcdef", min_size=64, max_size=64)))


@given(MEMBERS, st.randoms(use_true_random=False))
def test_no_order_changes_the_dataset_digest(members: list[tuple[str, str]], shuffler: random.Random) -> None:
    shuffled = list(members)
    shuffler.shuffle(shuffled)
    assert dataset_digest(members) == dataset_digest(shuffled)


def test_moving_a_row_between_the_splits_changes_the_digest() -> None:
    assert dataset_digest([("train", "a" * 64)]) != dataset_digest([("eval", "a" * 64)])


@pytest.mark.parametrize("percent", [0, 1, 5, 20, 50])
def test_the_split_takes_its_share(percent: int) -> None:
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(20_000)]
    evaluation = sum(split_of(each, percent) == "eval" for each in hashes)
    assert abs(evaluation / len(hashes) - percent / 100) < 0.01
    assert percent or not evaluation


@given(st.text("0123456789abcdef", min_size=64, max_size=64), st.integers(0, 49))
def test_a_row_stays_in_eval_when_the_share_grows(key: str, percent: int) -> None:
    if split_of(key, percent) == "eval":
        assert split_of(key, percent + 1) == "eval"


@given(st.permutations([Origin("b", "a", 1), Origin("a", "b", 1), Origin("a", "a", 2), Origin("a", "a", 10)]))
def test_the_survivor_of_duplicates_is_the_least_origin_in_any_order(origins: list[Origin]) -> None:
    unique = UniqueRows()
    dropped = [unique.add("key", row("a", origin)) for origin in origins]
    assert unique.rows["key"].origin == Origin("a", "a", 2)
    assert {origin for origin in dropped if origin} == set(origins) - {Origin("a", "a", 2)}
