"""What the benchmark says was found is what a preparation did with the rows, no more and no less."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.data_engine import ALL, run_stages, what_was_found
from benchmarks.data_engine_rows import CLEAN, EXACT, NEAR, Exchange, Label, LabelledRow, read_labels, write_rows
from benchmarks.defect_recall import find_defects, is_found_in
from benchmarks.planted_defects import CHINESE, ENGLISH

QUESTIONS = {CHINESE: "水泵第{}种故障怎么处理？", ENGLISH: "What is to be done about fault {} of the pump?"}
ANSWERS = {
    CHINESE: "第{0}种故障先看压力表，读数低于{0}时关阀，再按手册第{0}页更换部件，最后记录。",
    ENGLISH: "For fault {0} read the gauge; below {0} close the valve, replace the part named on page {0} and write it down.",
}


def row(number: int, language: str, label: Label, behind: str = "") -> LabelledRow:
    return LabelledRow(Exchange(QUESTIONS[language].format(number), "", ANSWERS[language].format(number * 37) + behind), label)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Of a file whose labels are partly wrong on purpose."""
    rows: list[LabelledRow] = []
    for language in (CHINESE, ENGLISH):
        start = len(rows)
        rows += [row(start, language, Label(CLEAN, language))]
        rows += [row(start, language, Label(kind, language, start)) for kind in (EXACT, NEAR)]
        rows += [
            row(start + 10, language, Label(CLEAN, language), " I am ChatGPT, a language model trained by OpenAI."),
            row(start + 20, language, Label(CLEAN, language), " 13561790243"),
            row(start + 30, language, Label(CLEAN, language)),
            row(start + 40, language, Label("phone", language, trace="13561790243"), " 13561790243"),
            row(start + 50, language, Label("phone", language, trace="the part" if language == ENGLISH else "18917240653")),
            row(start + 60, language, Label("control", language, trace="\u200b"), "\u200b"),
            row(start + 70, language, Label("identity", language), " I am ChatGPT, a language model trained by OpenAI."),
            row(start + 80, language, Label("identity", language)),
            row(start + 90, language, Label("refusal", language)),
        ]
    folder = tmp_path_factory.mktemp("bench")
    write_rows(iter(rows), folder / "rows.jsonl", folder / "labels.tsv")
    run_stages(folder, ALL)
    return what_was_found(folder)


def test_recall_is_that_of_the_language_in_which_less_was_found(figures: dict[str, float]) -> None:
    assert figures["phone_recall"] == 0.5
    assert figures["control_recall"] == 1
    assert figures["identity_recall"] == 0.5


def test_each_rule_that_is_off_by_default_is_tried_alone(tmp_path: Path) -> None:
    refusing = "I cannot help with that. " + "Of the pump nothing else is known to anyone here, says the manual. " * 5 + "See ("
    rows = [
        row(number, language, Label(kind, language))
        for language in (CHINESE, ENGLISH)
        for number, kind in enumerate(("refusal", CLEAN))
    ]
    rows = [
        each._replace(exchange=each.exchange._replace(output=refusing)) if each.label.kind == "refusal" else each for each in rows
    ]
    write_rows(iter(rows), tmp_path / "rows.jsonl", tmp_path / "labels.tsv")
    assert find_defects(tmp_path, read_labels(tmp_path / "labels.tsv"), {}).figures["refusal_recall"] == 1


def test_a_rule_that_is_off_by_default_is_tried_as_well(figures: dict[str, float]) -> None:
    assert figures["refusal_recall"] == 0
    assert figures["clean_rejected_share_Refusal_if_asked_for"] == 0


def test_what_was_rejected_or_changed_without_a_planted_defect_is_counted_by_reason(figures: dict[str, float]) -> None:
    assert figures["clean_rejected_share"] == figures["clean_rejected_share_Identity"] == 2 / 8
    assert figures["clean_changed_share"] == figures["clean_changed_share_PersonalData"] == 2 / 8


def test_duplicates_are_neither_faults_nor_found_defects(figures: dict[str, float]) -> None:
    assert figures["exact_recall"] == figures["near_recall_zh"] == figures["near_recall_en"] == 1
    assert figures["clean_flagged_share"] == 0


@pytest.mark.parametrize(
    ("label", "reason", "published", "is_found"),
    [
        (Label("html", ENGLISH, trace="<p>"), None, ("q", "a"), True),
        (Label("html", ENGLISH, trace="<p>"), None, ("q", "<p>a"), False),
        (Label("html", ENGLISH, trace="<p>"), "Identity", None, None),
        (Label("mojibake", CHINESE, trace="锟"), "Mojibake", None, True),
        (Label("empty", CHINESE), None, ("q", "..."), False),
    ],
)
def test_a_row_that_went_for_another_reason_tells_nothing(
    label: Label, reason: str | None, published: tuple[str, ...] | None, is_found: bool | None
) -> None:
    assert is_found_in(label, reason, published) is is_found
