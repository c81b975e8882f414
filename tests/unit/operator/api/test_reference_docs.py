"""docs/api.md, as its readers meet it."""

from __future__ import annotations

import re

import pytest

from sft_operator.api.kinds import KINDS
from sft_operator.api.reasons import ConditionType, Reason
from sft_operator.api.reference_docs import reference


@pytest.fixture(scope="module")
def page() -> str:
    return reference(KINDS)


def section(page: str, title: str) -> str:
    """The text between one heading and the next."""
    return re.split(r"^#+ ", page.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def test_every_link_leads_to_a_heading(page: str) -> None:
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = set(re.findall(r"\]\(#([^)]*)\)", page))
    assert links
    assert links <= anchors


def test_a_field_shows_its_type_default_and_rule(page: str) -> None:
    row = next(line for line in section(page, "SFTJob: spec.training").splitlines() if "`learningRate`" in line)
    assert '| `"2e-4"` |' in row
    assert "Must be a number greater than 0 and less than 1, written as text, for example '2e-4'." in row


def test_a_required_field_says_so(page: str) -> None:
    assert "*required*" in next(line for line in section(page, "SFTJob: spec").splitlines() if "`model`" in line)


def test_a_rule_of_an_object_stands_as_a_sentence(page: str) -> None:
    assert "- Exactly one of s3, http, huggingFace, catalog, configMap, inline must be given." in section(
        page, "InstructionDataset: spec.sources[]"
    )


def test_a_status_is_documented_without_defaults(page: str) -> None:
    status = section(page, "SFTJob: status.progress")
    assert "| Field | Type | Meaning |" in status
    assert "`lastCommittedStep`" in status


def test_every_condition_type_and_reason_stands_in_the_page(page: str) -> None:
    for word in [*ConditionType, *Reason]:
        assert f"| `{word}` | {word.meaning} |" in page


def test_every_table_row_has_as_many_cells_as_its_head(page: str) -> None:
    for table in re.findall(r"(?:^\|.*\|\n)+", page, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
