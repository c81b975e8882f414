"""The report's page: everything in it, nothing out of it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sft_trainer.contract import Accounting
from sft_trainer.data.publish.report import ChangedSample, RejectedSample, Report, RowPlace
from sft_trainer.data.publish.report_page import MAX_SHOWN_CHARACTERS, marked_difference, report_page, shown
from tests.unit.trainer.data.publish.reports import HOSTILE, full_report, hostile_report

ACTIVE = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "video", "audio", "source", "input"}


class Page(HTMLParser):
    """What a browser would see of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("report", [full_report(), hostile_report()], ids=["ordinary", "hostile"])
def test_no_text_of_a_row_becomes_markup(report: Report) -> None:
    page = Page(report_page(report))
    assert not ACTIVE & set(page.tags)
    assert page.tags.count("style") == page.tags.count("title") - page.tags.count("rect") - page.tags.count("circle") == 1
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all((value or "").startswith("#") for name, value in page.attributes if name in ("href", "src"))
    assert page_is_utf8(report)


def page_is_utf8(report: Report) -> bool:
    return bool(report_page(report).encode())


def test_hostile_rows_are_there_to_be_read() -> None:
    page = Page(report_page(hostile_report()))
    for text in HOSTILE[:5]:
        assert text in page.text
    assert "safeU+202Etxt.exeU+2066U+2069U+0000U+001B[31m" in page.text


def test_the_page_says_what_became_of_the_rows() -> None:
    report = full_report()
    text = Page(report_page(report)).text
    for source in report.sources:
        assert source.name in text
        for reason, rows in source.accounting.rejected.items():
            assert reason in text
            assert str(rows) in text
    for words in (
        "GB18030",
        "not UTF-8; GB18030 with 61 % Chinese",
        "HtmlRemoved 12",
        "Drink water.",
        "头疼怎么办",
        "cut off in the mid",
    ):
        assert words in text


def test_a_refused_dataset_has_a_page_too() -> None:
    report = Report(
        dataset="notes", refusal="none of 0 rows can be used", total=Accounting(read=0, kept=0, rejected={}), sources=[]
    )
    text = Page(report_page(report)).text
    assert "No version was published." in text
    assert "none of 0 rows can be used" in text


def test_the_report_is_the_same_after_a_round_trip_through_json() -> None:
    report = full_report()
    assert Report.model_validate_json(report.to_json()) == report


def test_a_long_text_is_cut_and_says_so() -> None:
    assert "[1,000 more characters]" in shown("x" * (MAX_SHOWN_CHARACTERS + 1000))


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=40))
def test_a_difference_shows_both_texts_whole(before: str, after: str) -> None:
    left, right = marked_difference(before, after)
    assert Page(str(left)).text == Page(str(shown(before))).text
    assert Page(str(right)).text == Page(str(shown(after))).text


@given(st.text(st.characters(), max_size=60))
@settings(max_examples=50, deadline=None)
def test_any_text_of_a_row_is_shown_as_text(text: str) -> None:
    place = RowPlace(source="s", file=text, line=1)
    report = Report(
        dataset="notes",
        total=Accounting(read=1, kept=0, rejected={"NotJson": 1}),
        sources=[],
        changed_samples=[ChangedSample(place=place, changes=[], before=text, after="")],
        rejected_samples=[RejectedSample(place=place, reason="NotJson", text=text)],
    )
    page = Page(report_page(report))
    assert not ACTIVE & set(page.tags)
    report_page(report).encode()
