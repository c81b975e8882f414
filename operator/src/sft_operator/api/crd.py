"""CustomResourceDefinitions, made from the models: the one place that knows what a CRD looks like."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sft_operator.api import GROUP, VERSION
from sft_operator.api.kinds import Column, Kind
from sft_operator.api.structural_schema import structural_schema, written_by_its_controller

CATEGORY = "sft-operator"
"""`kubectl get sft-operator` lists every kind of ours."""
MAX_CRD_BYTES = 64 * 1024
"""Client-side `kubectl apply` keeps a copy of the object in annotations, which hold 256 KiB; this leaves room."""
DIGEST_ANNOTATION = f"{GROUP}/schema-digest"
"""By it the chart tells whether the cluster holds the CRDs that this version needs; Helm itself never upgrades them."""
UNOBSERVED = {"observedGeneration": -1}
"""Status of an object that the operator has not seen: no tool may take it for done."""


def crd_name(kind: Kind) -> str:
    """metadata.name of the kind's CustomResourceDefinition."""
    return f"{kind.plural}.{GROUP}"


def custom_resource_definition(kind: Kind) -> dict[str, Any]:
    """The kind's CustomResourceDefinition as `kubectl apply` takes it."""
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [_printer_column(column) for column in kind.columns],
        "schema": {"openAPIV3Schema": _with_members_described_once(_with_each_message_once(object_schema(kind)), set())},
    }
    if kind.has_status:
        version["subresources"] = {"status": {}}
    spec = {
        "group": GROUP,
        "names": {
            "kind": kind.name,
            "listKind": f"{kind.name}List",
            "plural": kind.plural,
            "singular": kind.name.lower(),
            "shortNames": [kind.short_name],
            "categories": [CATEGORY],
        },
        "scope": kind.scope,
        "versions": [version],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": crd_name(kind), "annotations": {DIGEST_ANNOTATION: _digest(spec)}},
        "spec": spec,
    }


def object_schema(kind: Kind) -> dict[str, Any]:
    """The schema of a whole object: what every Kubernetes object has, and the kind's spec and status."""
    schema = structural_schema(kind.model)
    own = schema["properties"]
    if kind.has_status:
        own["status"] = written_by_its_controller(own["status"]) | {"default": UNOBSERVED}
    schema["properties"] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        # `name` is declared so that a rule can name it as its field.
        "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
        **own,
    }
    return schema


def _with_each_message_once(schema: object) -> object:
    """A rule's messageExpression holds its message and what was found; carrying both would make a CRD a fifth larger."""
    if isinstance(schema, list):
        return [_with_each_message_once(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _with_each_message_once(part)
        for name, part in schema.items()
        if not (name == "message" and "messageExpression" in schema)
    }


def _with_members_described_once(schema: Any, described: set[str]) -> Any:  # noqa: ANN401 - any JSON value
    """A field that stands in several places (a bucket's address stands in three) says in the first what it means, and docs/api.md
    says it everywhere: repeated, it would make a CRD a tenth larger."""
    if isinstance(schema, list):
        return [_with_members_described_once(part, described) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {
        name: part if name == "properties" else _with_members_described_once(part, described) for name, part in schema.items()
    }
    if "properties" in parts:
        parts["properties"] = {name: _described_once(name, member, described) for name, member in schema["properties"].items()}
    return parts


def _described_once(name: str, member: dict[str, Any], described: set[str]) -> dict[str, Any]:
    known = json.dumps([name, member], sort_keys=True)
    if known in described:
        return _without_description(member)
    described.add(known)
    once: dict[str, Any] = _with_members_described_once(member, described)
    return once


def _undescribed(members: dict[str, Any]) -> dict[str, Any]:
    return {name: _without_description(member) for name, member in members.items()}


def _without_description(schema: dict[str, Any]) -> dict[str, Any]:
    bare = {name: part for name, part in schema.items() if name != "description"}
    if "properties" in bare:
        bare["properties"] = _undescribed(bare["properties"])
    return bare | {name: _without_description(bare[name]) for name in ("items", "additionalProperties") if name in bare}


def _digest(spec: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def _printer_column(column: Column) -> dict[str, Any]:
    printed: dict[str, Any] = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return printed | ({"priority": column.priority} if column.priority else {})
