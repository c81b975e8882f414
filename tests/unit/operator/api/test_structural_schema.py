"""What pydantic says and a CustomResourceDefinition cannot take, translated or refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from sft_operator.api.api_model import ApiModel, text
from sft_operator.api.structural_schema import (
    UnsupportedSchemaError,
    structural_schema,
    written_by_its_controller,
)


class Inner(ApiModel):
    """An inner object."""

    size: Annotated[int, Field(ge=1, le=9)] = 3
    """How big."""
    label: str | None = None


class Outer(ApiModel):
    """An outer object."""

    inner: Inner = Inner()
    other: Inner = Inner(size=4)
    choice: Literal["Only"] = "Only"
    names: list[str] = []
    counts: dict[str, int] = {}
    required_text: str
    flag: bool = False


def properties(model: type[ApiModel]) -> dict[str, Any]:
    found: dict[str, Any] = structural_schema(model)["properties"]
    return found


def keywords(node: object) -> set[str]:
    if isinstance(node, dict):
        return set(node) | {key for value in node.values() for key in keywords(value)}
    return {key for value in node for key in keywords(value)} if isinstance(node, list) else set()


def test_references_are_inlined() -> None:
    assert not {"$ref", "$defs", "anyOf", "title"} & keywords(structural_schema(Outer))
    assert properties(Outer)["inner"]["properties"]["size"]["maximum"] == 9


def test_an_optional_field_is_one_that_may_be_absent() -> None:
    label = properties(Outer)["inner"]["properties"]["label"]
    assert label == {"type": "string"}


def test_names_are_camel_case_and_only_fields_without_default_are_required() -> None:
    assert structural_schema(Outer)["required"] == ["requiredText"]


def test_an_objects_default_says_only_what_its_members_do_not_say() -> None:
    assert properties(Outer)["inner"]["default"] == {}
    assert properties(Outer)["other"]["default"] == {"size": 4}


def test_a_default_two_levels_deep_shrinks_to_nothing_where_the_middle_says_it() -> None:
    class Middle(ApiModel):
        inner: Inner = Inner(size=7)

    class Top(ApiModel):
        same: Middle = Middle()
        changed: Middle = Middle(inner=Inner(size=8))

    assert properties(Top)["same"]["default"] == {}
    assert properties(Top)["changed"]["default"] == {"inner": {"size": 8}}


def test_a_single_literal_becomes_an_enum() -> None:
    assert properties(Outer)["choice"]["enum"] == ["Only"]


def test_a_list_says_how_it_is_merged_and_a_map_what_it_holds() -> None:
    assert properties(Outer)["names"]["x-kubernetes-list-type"] == "atomic"
    assert properties(Outer)["counts"]["additionalProperties"] == {"type": "integer", "format": "int64"}


def test_a_fields_own_text_beats_that_of_its_type_and_is_one_line() -> None:
    class Holder(ApiModel):
        inner: Inner
        """What this
        inner is for."""

    assert properties(Holder)["inner"]["description"] == "What this inner is for."


def test_text_of_one_shape_is_checked_by_a_rule_that_speaks_and_not_by_a_pattern() -> None:
    class Named(ApiModel):
        name: Annotated[str, text("^[a-z]+$", "must be lower-case letters", max_length=9)]

    name = properties(Named)["name"]
    assert "pattern" not in name
    assert name["maxLength"] == 9
    assert name["x-kubernetes-validations"] == [
        {
            "rule": 'self.matches("^[a-z]+$")',
            "message": "must be lower-case letters",
            "messageExpression": '"must be lower-case letters; found " + self',
        }
    ]


class Tree(ApiModel):
    branches: list[Tree] = []


class Fraction(ApiModel):
    value: float


class EitherOr(ApiModel):
    value: int | str


class Bounded(ApiModel):
    value: Annotated[int, Field(gt=0)]


@pytest.mark.parametrize(
    ("model", "path", "found"),
    [
        pytest.param(Tree, ".branches[]", "inside itself", id="recursion"),
        pytest.param(Fraction, ".value", "the type number", id="float"),
        pytest.param(EitherOr, ".value", "a union", id="union"),
        pytest.param(Bounded, ".value", "exclusiveMinimum", id="exclusive-bound"),
    ],
)
def test_what_a_crd_cannot_say_is_refused_with_its_path(model: type[ApiModel], path: str, found: str) -> None:
    with pytest.raises(UnsupportedSchemaError) as refusal:
        structural_schema(model)
    assert path in str(refusal.value)
    assert found in str(refusal.value)


def test_a_status_has_neither_defaults_nor_rules() -> None:
    class Report(ApiModel):
        name: Annotated[str, text("^[a-z]+$", "must be lower-case letters", max_length=9)] = "a"
        outer: Outer
        all_of_them: list[Inner] = []

    assert not {"default", "x-kubernetes-validations"} & keywords(written_by_its_controller(structural_schema(Report)))
