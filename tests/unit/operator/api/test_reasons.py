"""One vocabulary: what code and pods say is what docs/api.md explains."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sft_operator.api.reasons import ConditionType, Reason
from sft_trainer.contract import Reason as PodReason


@pytest.mark.parametrize("reason", PodReason)
def test_every_reason_of_a_pod_is_documented(reason: PodReason) -> None:
    assert reason.value in set(Reason)


@pytest.mark.parametrize("word", [*ConditionType, *Reason])
def test_every_word_is_camel_case_and_has_a_meaning_of_one_line(word: ConditionType | Reason) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z]{1,63}", word)
    assert word.meaning.endswith(".")
    assert "\n" not in word.meaning


def test_every_reason_is_used_by_the_operator_or_by_a_pod(repository: Path) -> None:
    """A reason that nothing sets would be documented in vain."""
    sources = (repository / "operator" / "src" / "sft_operator").glob("[cs]*/**/*.py")
    text = "\n".join(path.read_text() for path in sources)
    said_by_pods = {reason.value for reason in PodReason}
    unused = [
        word
        for word in Reason
        if word.value not in said_by_pods and f"Reason.{word.name}" not in text and f'"{word}"' not in text
    ]
    assert unused == []
