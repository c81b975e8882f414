"""One vocabulary: what code and pods say is what docs/api.md explains."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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


def operator_code(repository: Path) -> Iterator[ast.AST]:
    """Every node of the modules that decide and act."""
    for folder in ("core", "shell"):
        for path in (repository / "operator" / "src" / "sft_operator" / folder).rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text()))


def test_every_reason_is_used_by_the_operator_or_by_a_pod(repository: Path) -> None:
    """A reason that nothing sets would be documented in vain."""
    named = {node.attr for node in operator_code(repository) if isinstance(node, ast.Attribute)}
    said_by_pods = {reason.value for reason in PodReason}
    assert [word.value for word in Reason if word.name not in named and word.value not in said_by_pods] == []


def test_every_condition_type_is_set_by_the_operator(repository: Path) -> None:
    named = {node.attr for node in operator_code(repository) if isinstance(node, ast.Attribute)}
    assert [word.value for word in ConditionType if word.name not in named] == []


def test_the_operator_gives_no_reason_that_is_not_documented(repository: Path) -> None:
    """Reasons are members of the vocabulary, or what a pod said; a text of one's own would be in no document."""
    calls = [node for node in operator_code(repository) if isinstance(node, ast.Call)]
    keywords = [keyword for call in calls for keyword in call.keywords if keyword.arg == "reason"]
    written_out = [keyword.value.value for keyword in keywords if isinstance(keyword.value, ast.Constant)]
    assert [reason for reason in written_out if reason is not None and reason not in set(Reason)] == []
