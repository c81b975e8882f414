"""A listing of an S3 server ends, whatever the server answers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sft_trainer.contract import Reason, StorePrefix
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.s3 import MAX_EMPTY_PAGES, S3Store

Page = dict[str, Any]


def page(*keys: str, token: str = "", is_last: bool = False) -> Page:
    return {
        "IsTruncated": not is_last,
        "Contents": [{"Key": key, "Size": 1, "ETag": '"e"'} for key in keys],
        **({"NextContinuationToken": token} if token else {}),
    }


def listed(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str, str], Page]) -> Iterator[str]:
    """The keys below a prefix of a server whose pages are these, by (last key, token)."""
    store = S3Store(StorePrefix(uri="s3://bucket/x/", endpoint="http://127.0.0.1:1"))
    monkeypatch.setattr(store, "_page", lambda prefix, start_after, token: answer(start_after, token))
    return (found.key for found in store.list())


def test_pages_are_read_one_after_the_other_over_empty_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {
        ("", ""): page("x/a", "x/b/"),
        ("x/b/", ""): page(token="t1"),
        ("x/b/", "t1"): page(token="t2"),
        ("x/b/", "t2"): page("x/c", is_last=True),
    }
    assert list(listed(monkeypatch, lambda *asked: pages[asked])) == ["a", "c"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda number: page(),
        lambda number: page(token=f"t{number}"),
        lambda number: page("x/a"),
        lambda number: page(f"x/{number:09}/"),
    ],
    ids=["empty", "empty, with tokens", "always the same", "folders alone"],
)
def test_a_listing_that_would_not_end_is_told(monkeypatch: pytest.MonkeyPatch, answer: Callable[[int], Page]) -> None:
    numbers = itertools.count(1)
    with pytest.raises(TrainerFailure, match="listing of s3://bucket/x/") as caught:
        list(listed(monkeypatch, lambda *asked: answer(next(numbers))))
    assert caught.value.reason is Reason.SOURCE_UNREADABLE
    assert next(numbers) <= MAX_EMPTY_PAGES + 3
