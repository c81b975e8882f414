"""Digests name content: never order, origin or split sizes."""

from __future__ import annotations

import hashlib
import random

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from sft_trainer.data.digest import DatasetDigest, canonical_json, row_hash
from sft_trainer.data.rows import Content, Message
from sft_trainer.data.split import split_of
from tests.unit.trainer.data.contents import CONTENTS


def row(answer: str) -> Content:
    return Content((Message("user", "q"), Message("assistant", answer)))


def test_a_row_hash_is_the_sha256_of_its_canonical_json() -> None:
    canonical = '{"messages":[{"content":"q","role":"user"},{"content":"zäh €","role":"assistant"}]}'
    assert row_hash(row("zäh €")) == hashlib.sha256(canonical.encode()).digest()


@given(CONTENTS)
def test_canonical_json_is_that_of_rfc_8785(content: Content) -> None:
    assert canonical_json(content) == rfc8785.dumps(content.document())


def test_every_word_and_role_changes_the_hash() -> None:
    rows = [
        row("a"),
        row("a "),
        row("A"),
        Content((Message("user", "q"), Message("assistant", "a"), Message("user", "q"), Message("assistant", "a"))),
        Content((Message("system", "q"), Message("assistant", "a"))),
        Content((Message("user", "qa"), Message("assistant", ""))),
    ]
    assert len({row_hash(each) for each in rows}) == len(rows)


MEMBERS = st.lists(st.tuples(st.sampled_from(["train", "eval"]), st.binary(min_size=32, max_size=32)))


def dataset_digest(members: list[tuple[str, bytes]]) -> str:
    digest = DatasetDigest()
    for split, hashed in members:
        digest.add(split, hashed)
    return digest.hexdigest()


@given(MEMBERS)
@example(
    [("train", b"\0" * 32), ("train", b"\xff" * 32), ("train", b"a" * 31 + b"\0"), ("eval", b"\x80" * 32), ("eval", b"\x7f" * 32)]
)
def test_the_dataset_digest_is_that_of_the_sorted_splits_and_hashes(members: list[tuple[str, bytes]]) -> None:
    lines = "".join(f"{split}:{row_hash}\n" for split, row_hash in sorted((split, row.hex()) for split, row in members))
    assert dataset_digest(members) == hashlib.sha256(lines.encode()).hexdigest()


@given(MEMBERS, st.randoms(use_true_random=False))
def test_no_order_changes_the_dataset_digest(members: list[tuple[str, bytes]], shuffler: random.Random) -> None:
    shuffled = list(members)
    shuffler.shuffle(shuffled)
    assert dataset_digest(members) == dataset_digest(shuffled)


def test_moving_a_row_between_the_splits_changes_the_digest() -> None:
    assert dataset_digest([("train", b"a" * 32)]) != dataset_digest([("eval", b"a" * 32)])


@pytest.mark.parametrize("percent", [0, 1, 5, 20, 50])
def test_the_split_takes_its_share(percent: int) -> None:
    hashes = [hashlib.sha256(str(number).encode()).digest() for number in range(20_000)]
    evaluation = sum(split_of(each, percent) == "eval" for each in hashes)
    assert abs(evaluation / len(hashes) - percent / 100) < 0.01
    assert percent or not evaluation


@given(st.binary(min_size=32, max_size=32), st.integers(0, 49))
def test_a_row_stays_in_eval_when_the_share_grows(key: bytes, percent: int) -> None:
    if split_of(key, percent) == "eval":
        assert split_of(key, percent + 1) == "eval"
