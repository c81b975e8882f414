"""Turns a pydantic model into the structural OpenAPI v3 schema that a CustomResourceDefinition takes.

pydantic writes JSON Schema 2020-12; an API server accepts a strict part of OpenAPI 3.0. What has no counterpart there
is refused here, with the path of the field, instead of being dropped: a bound that vanishes would be a hole in the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

KEPT = (
    "description",
    "default",
    "enum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "required",
    "type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-validations",
)
"""Keywords that mean the same on both sides."""
TRANSLATED = ("$defs", "$ref", "additionalProperties", "anyOf", "const", "items", "properties", "title")
"""Keywords that `structural_schema` translates, or, like `title`, that say nothing."""


class UnsupportedSchemaError(ValueError):
    """A model says something that a CustomResourceDefinition cannot."""

    def __init__(self, path: str, found: str, must: str) -> None:
        super().__init__(f"{path or 'the model itself'}: found {found}; {must}")


def structural_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of `model`, with references inlined and defaults that the API server can apply."""
    document = model.model_json_schema(by_alias=True)
    return _Translation(document.get("$defs", {})).translate(document, path="", parents=())


class _Translation:
    """One document's definitions, and the walk over it."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def translate(self, node: Mapping[str, Any], *, path: str, parents: tuple[str, ...]) -> dict[str, Any]:
        node = _without_null(node, path)
        if "$ref" in node:
            name = str(node["$ref"]).rpartition("/")[2]
            if name in parents:
                raise UnsupportedSchemaError(path, f"{name} inside itself", "a CRD's schema cannot be recursive")
            siblings = {key: value for key, value in node.items() if key != "$ref"}
            return self.translate({**self._definitions[name], **siblings}, path=path, parents=(*parents, name))
        if unknown := sorted(set(node) - set(KEPT) - set(TRANSLATED)):
            raise UnsupportedSchemaError(path, f"the keyword {unknown[0]}", "a CRD knows no such thing; use a CEL rule")
        schema = {key: node[key] for key in KEPT if key in node}
        if "description" in schema:
            schema["description"] = " ".join(schema["description"].split())
        if "const" in node:
            schema["enum"] = [node["const"]]
        return self._with_children(schema, node, path=path, parents=parents)

    def _with_children(
        self, schema: dict[str, Any], node: Mapping[str, Any], *, path: str, parents: tuple[str, ...]
    ) -> dict[str, Any]:
        match schema.get("type"):
            case "object" if "properties" in node:
                schema["properties"] = {
                    name: self.translate(child, path=f"{path}.{name}", parents=parents)
                    for name, child in node["properties"].items()
                }
            case "object":
                values = self.translate(node["additionalProperties"], path=f"{path}.*", parents=parents)
                schema["additionalProperties"] = values
            case "array":
                schema.setdefault("x-kubernetes-list-type", "atomic")
                schema["items"] = self.translate(node["items"], path=f"{path}[]", parents=parents)
            case "integer":
                schema["format"] = "int64"
            case "string" | "boolean":
                pass
            case other:
                raise UnsupportedSchemaError(path, f"the type {other}", "must be text, integer, boolean, list or object")
        return _with_server_side_default(schema)


def _without_null(node: Mapping[str, Any], path: str) -> dict[str, Any]:
    """`X | None` is X that may be absent: in Kubernetes a field that is null and one that is absent mean the same."""
    result = {key: value for key, value in node.items() if not (key == "default" and value is None)}
    if "anyOf" in result:
        choices = [choice for choice in result.pop("anyOf") if choice.get("type") != "null"]
        if len(choices) != 1:
            raise UnsupportedSchemaError(path, "a union", "must be an object with one optional member for each choice")
        result = {**choices[0], **result}
    return result


def _with_server_side_default(schema: dict[str, Any]) -> dict[str, Any]:
    """An object's default shrinks to what its members do not default to themselves, mostly to `{}`."""
    if "default" in schema:
        schema["default"] = _shrunk(schema, _without_nulls(schema["default"]))
    return schema


def _shrunk(schema: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The least that the API server fills up to `value`."""
    if "properties" not in schema:
        return value
    members = schema["properties"]
    return {
        name: _shrunk(members[name], inner)
        for name, inner in value.items()
        if "default" not in members[name] or _filled(members[name], members[name]["default"]) != inner
    }


def _filled(schema: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """What the API server makes of `value` by filling in defaults."""
    if "properties" not in schema:
        return value
    members = schema["properties"].items()
    defaults = {name: member["default"] for name, member in members if "default" in member}
    return {name: _filled(schema["properties"][name], inner) for name, inner in (defaults | value).items()}


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def written_by_its_controller(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema for a status: the API server fills nothing in, and no rule on a value can block a report."""
    result = {key: value for key, value in schema.items() if key not in ("default", "x-kubernetes-validations")}
    if "properties" in result:
        members = result["properties"].items()
        result["properties"] = {name: written_by_its_controller(child) for name, child in members}
    for child in ("items", "additionalProperties"):
        if child in result:
            result[child] = written_by_its_controller(result[child])
    return result
