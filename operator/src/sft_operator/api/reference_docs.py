"""docs/api.md, made from the same schemas as the CRDs: for readers who write manifests and need not know Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sft_operator.api import API_VERSION
from sft_operator.api.crd import object_schema
from sft_operator.api.kinds import Kind
from sft_operator.api.reasons import ConditionType, Reason

INTRODUCTION = f"""\
# API reference

<!-- Generated from operator/src/sft_operator/api by `make generate`. Do not edit. -->

Every manifest starts with `apiVersion: {API_VERSION}`, the `kind`, and `metadata.name`: at most 36 lower-case
letters, digits and `-`. You write `spec`; the operator writes `status`, which `kubectl get -o yaml` shows. A field
that is not listed here is refused when you apply, and so is a value that breaks a rule; the answer names the field,
what was found and what it must be.

A *default* is filled in when you leave the field out. A field without one that is not *required* may be absent.
Numbers with a fraction are written as text in quotes, for example `"2e-4"`, so that no tool rounds them.
"""
SCOPES = {
    "Namespaced": "lives in a namespace",
    "Cluster": "one for the whole cluster, written by those who run it",
}


def reference(kinds: tuple[Kind, ...]) -> str:
    """The whole page."""
    sections = [INTRODUCTION]
    for kind in kinds:
        sections += _kind_sections(kind)
    sections += [_vocabulary("Condition types", ConditionType), _vocabulary("Reasons", Reason)]
    return "\n".join(sections)


def _kind_sections(kind: Kind) -> Iterator[str]:
    schema = object_schema(kind)
    yield (
        f"## {kind.name}\n\n{schema['description']}\n\n"
        f"Listed by `kubectl get {kind.short_name}`; {SCOPES[kind.scope]}. "
        f"You write its [spec](#{_anchor(kind, 'spec')})"
        + (f" and read its [status](#{_anchor(kind, 'status')}).\n" if kind.has_status else ".\n")
    )
    if rules := _rules(schema):
        yield f"Rules of the whole object:\n\n{rules}"
    for part in ("spec", "status"):
        if part in schema["properties"]:
            yield from _object_sections(kind, part, schema["properties"][part])


def _object_sections(kind: Kind, path: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """One section for the object at `path`, then one for each object below it."""
    rules = _rules(schema)
    yield (
        f"### {kind.name}: {path}\n\n{_sentence(schema.get('description', ''))}\n\n{_table(kind, path, schema)}\n"
        + (f"\nRules:\n\n{rules}" if rules else "")
    )
    for name, child in schema["properties"].items():
        inner, suffix = _object_within(child)
        if inner is not None:
            yield from _object_sections(kind, f"{path}.{name}{suffix}", inner)


def _table(kind: Kind, path: str, schema: Mapping[str, Any]) -> str:
    """A status has no default column: nobody writes it by hand."""
    required = schema.get("required", ())
    is_status = path.startswith("status")
    rows = []
    for name, child in schema["properties"].items():
        default = [] if is_status else ["*required*" if name in required else _default(child)]
        rows.append(_cells(f"`{name}`", _type_with_link(kind, path, name, child), *default, _meaning(child)))
    titles = ["Field", "Type", "Meaning"] if is_status else ["Field", "Type", "Default", "Meaning"]
    return "\n".join([_cells(*titles), _cells(*("---" for _ in titles)), *rows])


def _object_within(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    if schema["type"] == "array" and "properties" in schema["items"]:
        return schema["items"], "[]"
    return (schema, "") if "properties" in schema else (None, "")


def _type_with_link(kind: Kind, path: str, name: str, schema: Mapping[str, Any]) -> str:
    inner, suffix = _object_within(schema)
    if inner is None:
        return _type(schema)
    return _type(schema).replace("object", f"[object](#{_anchor(kind, f'{path}.{name}{suffix}')})", 1)


def _meaning(schema: Mapping[str, Any]) -> str:
    """What the field is, and what its value must be; the rules of an object stand in its own section."""
    rules = _messages(schema) if "properties" not in schema else []
    return " ".join(_sentence(text) for text in [schema.get("description", ""), *rules] if text)


def _type(schema: Mapping[str, Any]) -> str:
    match schema["type"]:
        case "string" if "enum" in schema:
            return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
        case "string" if schema.get("format") == "date-time":
            return "time"
        case "string":
            return f"text, at most {schema['maxLength']} characters"
        case "integer":
            return f"whole number{_bounds(schema, 'minimum', 'maximum')}"
        case "boolean":
            return "`true` or `false`"
        case "array":
            return f"list of {_type(schema['items'])};{_bounds(schema, 'minItems', 'maxItems')} entries"
        case "object" if "additionalProperties" in schema:
            return f"map of names to {_type(schema['additionalProperties'])}; at most {schema['maxProperties']} entries"
    return "object"


def _bounds(schema: Mapping[str, Any], least: str, most: str) -> str:
    match schema.get(least), schema.get(most):
        case None, None:
            return ""
        case None, high:
            return f" at most {high}"
        case low, None:
            return f" at least {low}"
        case low, high:
            return f" {low} to {high}"
    raise AssertionError("unreachable")


def _default(schema: Mapping[str, Any]) -> str:
    match schema.get("default"):
        case None | {}:
            return ""
        case []:
            return "empty"
        case bool(value):
            return f"`{str(value).lower()}`"
        case list(values):
            return ", ".join(f"`{value}`" for value in values)
        case str(value):
            return f'`"{value}"`' if re.match(r"[0-9]", value) else f"`{value}`"
        case value:
            return f"`{value}`"


def _rules(schema: Mapping[str, Any]) -> str:
    return "".join(f"- {_sentence(message)}\n" for message in _messages(schema))


def _messages(schema: Mapping[str, Any]) -> list[str]:
    return [rule["message"] for rule in schema.get("x-kubernetes-validations", ())]


def _sentence(text: str) -> str:
    """Starts as a sentence does, unless with the name of a field, and ends as one."""
    if not text:
        return ""
    first_word = text.split()[0]
    start = text if re.search(r"[^a-z]", first_word) else text[0].upper() + text[1:]
    return start if start.endswith((".", "`.")) else f"{start}."


def _anchor(kind: Kind, path: str) -> str:
    """The anchor that a heading gets on the usual Git hosts."""
    return re.sub(r"[^a-z0-9 -]", "", f"{kind.name}: {path}".lower()).replace(" ", "-")


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _vocabulary(title: str, words: type[ConditionType] | type[Reason]) -> str:
    rows = [_cells(f"`{word.value}`", word.meaning) for word in words]
    return "\n".join([f"## {title}\n", "| Name | Meaning |", "| --- | --- |", *rows, ""])
