"""The Kubernetes API conventions, asserted on every field of every generated schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sft_operator.api.crd import MAX_CRD_BYTES, custom_resource_definition, object_schema
from sft_operator.api.generate import as_yaml
from sft_operator.api.kinds import KINDS, Kind

LARGEST_EXACT_INTEGER = 2**53
"""Beyond it a JSON number is no longer exact everywhere."""


@dataclass(frozen=True, slots=True)
class Field:
    """One node of a schema, and where it stands."""

    path: str
    schema: Mapping[str, Any]

    @property
    def in_spec(self) -> bool:
        return ": spec" in self.path


def fields(path: str, schema: Mapping[str, Any]) -> Iterator[Field]:
    yield Field(path, schema)
    for name, child in schema.get("properties", {}).items():
        yield from fields(f"{path}.{name}", child)
    if "items" in schema:
        yield from fields(f"{path}[]", schema["items"])
    if "additionalProperties" in schema:
        yield from fields(f"{path}.*", schema["additionalProperties"])


def own_fields(kind: Kind) -> Iterator[Field]:
    properties = object_schema(kind)["properties"]
    for part in sorted({"spec", "status"} & set(properties)):
        yield from fields(f"{kind.name}: {part}", properties[part])


ALL_FIELDS = [field for kind in KINDS for field in own_fields(kind)]
MAY_BE_ABSENT = {"TrainingProfile: spec.resources.gpu", "SFTJob: spec.evaluation.samples.sampling"}
"""Objects whose absence means something: no GPU, no sampling."""
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def of_type(*types: str) -> list[Field]:
    found = [field for field in ALL_FIELDS if field.schema["type"] in types]
    assert found
    return found


def named_fields() -> list[Field]:
    """Members of objects, not the entries of lists and maps."""
    return [field for field in ALL_FIELDS if not field.path.endswith(("[]", ".*"))]


def test_every_field_has_one_of_the_types_that_need_no_rounding() -> None:
    assert {field.schema["type"] for field in ALL_FIELDS} == {"string", "integer", "boolean", "array", "object"}


def test_text_is_bounded() -> None:
    free = [field for field in of_type("string") if "enum" not in field.schema]
    assert [field.path for field in free if not field.schema.get("maxLength")] == []


def test_a_list_is_bounded_and_says_how_it_is_merged() -> None:
    merges = {"atomic", "set", "map"}
    lists = of_type("array")
    assert [field.path for field in lists if not field.schema.get("maxItems")] == []
    assert [field.path for field in lists if field.schema.get("x-kubernetes-list-type") not in merges] == []


def test_the_keys_of_a_list_map_are_required() -> None:
    for field in of_type("array"):
        keys = field.schema.get("x-kubernetes-list-map-keys", [])
        assert set(keys) <= set(field.schema["items"].get("required", [])), field.path


def test_a_map_is_bounded() -> None:
    maps = [field for field in of_type("object") if "additionalProperties" in field.schema]
    assert [field.path for field in maps if not field.schema.get("maxProperties")] == []


def test_a_number_in_a_spec_is_bounded_on_both_sides() -> None:
    for field in of_type("integer"):
        if field.in_spec:
            assert 0 <= field.schema["minimum"] <= field.schema["maximum"] <= LARGEST_EXACT_INTEGER, field.path


def test_every_name_is_camel_case() -> None:
    names = {field.path.rpartition(".")[2].rpartition(" ")[2] for field in named_fields()}
    assert [name for name in names if not re.fullmatch(r"[a-z][A-Za-z0-9]*", name)] == []


def test_every_field_says_what_it_means() -> None:
    assert [field.path for field in named_fields() if not field.schema.get("description", "").endswith(".")] == []


def test_the_values_of_an_enum_are_camel_case() -> None:
    values = {value for field in ALL_FIELDS for value in field.schema.get("enum", ())}
    assert [value for value in values if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", value)] == []


def test_an_object_that_may_be_left_out_still_gets_the_defaults_inside_it() -> None:
    for field in named_fields():
        has_defaults = any("default" in member for member in field.schema.get("properties", {}).values())
        if field.in_spec and has_defaults and not field.schema.get("required") and field.path not in MAY_BE_ABSENT:
            assert field.schema.get("default") == {}, field.path


def test_every_rule_has_a_message_of_one_line() -> None:
    rules = [rule for field in ALL_FIELDS for rule in field.schema.get("x-kubernetes-validations", ())]
    assert rules
    assert [rule for rule in rules if not rule["message"].strip() or "\n" in rule["message"]] == []


def test_no_kind_of_a_user_has_a_field_of_a_pod() -> None:
    forbidden = {"image", "command", "args", "env", "volumes", "podTemplate", "serviceAccountName", "hostPath"}
    users = [field for field in ALL_FIELDS if field.in_spec and not field.path.startswith("TrainingProfile")]
    assert [field.path for field in users if field.path.rpartition(".")[2] in forbidden] == []


@every_kind
def test_every_rule_of_the_whole_object_names_its_field(kind: Kind) -> None:
    rules = object_schema(kind)["x-kubernetes-validations"]
    assert rules
    assert all(rule["fieldPath"] for rule in rules)


@every_kind
def test_a_crd_stays_under_its_size(kind: Kind) -> None:
    assert len(as_yaml(custom_resource_definition(kind)).encode()) < MAX_CRD_BYTES


@every_kind
def test_every_printed_column_reads_a_field_that_exists(kind: Kind) -> None:
    schema = object_schema(kind)
    for column in kind.columns:
        if column.path == ".metadata.creationTimestamp":
            continue
        node = schema
        path, _, of_one_condition = column.path.partition('[?(@.type=="Ready")]')
        for name in path.removeprefix(".").split("."):
            node = node["properties"][name]
        if of_one_condition:
            node = node["items"]["properties"][of_one_condition.removeprefix(".")]
        assert node["type"] == column.type


def test_only_namespaced_kinds_have_a_status_and_it_starts_unobserved() -> None:
    for kind in KINDS:
        definition = custom_resource_definition(kind)["spec"]
        version = definition["versions"][0]
        assert ("status" in version.get("subresources", {})) == (definition["scope"] == "Namespaced")
        if kind.has_status:
            status = version["schema"]["openAPIV3Schema"]["properties"]["status"]
            assert status["default"] == {"observedGeneration": -1}
