"""Base of every API model, and the bounded scalar types that the kinds share.

Every string, list and map is bounded: an unbounded one lets a user fill etcd, and makes the API server refuse CEL rules
by their cost.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo


class ApiModel(BaseModel):
    """camelCase on the wire. Unknown fields are ignored here: the API server has pruned or refused them already."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, use_attribute_docstrings=True
    )


NUMBER = r"^[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,2})?$"
"""A number without sign: no field of ours takes a negative one."""


def cel(rule: str, message: str, field_path: str | None = None, *, found: str | None = None) -> dict[str, Any]:
    """One x-kubernetes-validations rule.

    Give a `field_path` at the root, or the API server's message names no field. `found` is CEL for the text that was
    met; it is appended to the message.
    """
    validation = {"rule": rule, "message": message}
    if found:
        # A JSON string is a CEL string.
        validation["messageExpression"] = f"{json.dumps(message + '; found ')} + {found}"
    return validation | ({"fieldPath": field_path} if field_path else {})


def with_rules(*rules: dict[str, Any]) -> dict[str, Any]:
    """JSON schema extra that carries CEL rules into the CRD."""
    return {"x-kubernetes-validations": list(rules)}


def text(pattern: str, must: str, *rules: dict[str, Any], max_length: int) -> FieldInfo:
    """Text of one shape, and more rules that hold for it."""
    shape = cel(f"self.matches({json.dumps(pattern)})", must, found="self")
    return _text_with_rules(pattern, [shape, *rules], max_length)


def decimal(example: str, bounds: str, must: str) -> FieldInfo:
    """A number as text, because the API conventions allow no floats in a spec. `bounds` is CEL over `value`."""
    rule = f"self.matches({json.dumps(NUMBER)}) && {bounds.replace('value', 'double(self)')}"
    message = f"must be a number {must}, written as text, for example '{example}'"
    return _text_with_rules(NUMBER, [cel(rule, message, found="self")], max_length=16)


def _text_with_rules(pattern: str, rules: list[dict[str, Any]], max_length: int) -> FieldInfo:
    """pydantic checks `pattern`; the API server checks it by the rules, so that its message is in words."""

    def say_it_in_words(schema: dict[str, Any]) -> None:
        del schema["pattern"]
        schema |= with_rules(*rules)

    field: FieldInfo = Field(min_length=1, max_length=max_length, pattern=pattern, json_schema_extra=say_it_in_words)
    return field


def list_map(key: str) -> dict[str, Any]:
    """JSON schema extra for a list whose entries are told apart by `key`: duplicates are refused."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


LIST_SET = {"x-kubernetes-list-type": "set"}
"""JSON schema extra for a list of scalars in which none may occur twice."""

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_LABEL_IN_WORDS = "must consist of lower-case letters, digits and '-', and start and end with a letter or digit"
MAX_NAME_LENGTH = 36
"""So that the names of an object's Jobs, `<prefix>-<name>-<uid8>-r<run>-a<N>`, fit into a label of 63 characters."""

OBJECT_NAME_RULE = cel(
    f"size(self.metadata.name) <= {MAX_NAME_LENGTH} && self.metadata.name.matches('{DNS_LABEL}')",
    f"metadata.name must have at most {MAX_NAME_LENGTH} characters, and only lower-case letters, digits and '-'",
    ".metadata.name",
    found="self.metadata.name",
)
"""Rule of every kind's root."""
RUN_NEVER_FALLS_RULE = cel("self.spec.run >= oldSelf.spec.run", "spec.run must not fall: it counts the runs", ".spec.run")

ObjectName = Annotated[str, text(DNS_LABEL, DNS_LABEL_IN_WORDS, max_length=MAX_NAME_LENGTH)]
"""Name of an object of ours."""
SourceName = Annotated[str, text(DNS_LABEL, DNS_LABEL_IN_WORDS, max_length=36)]
DNS_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
DNS_NAME_IN_WORDS = f"{DNS_LABEL_IN_WORDS}; '.' may stand inside"
SecretName = Annotated[str, text(DNS_NAME, DNS_NAME_IN_WORDS, max_length=253)]
NamespaceName = Annotated[
    str,
    text(r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?|[*])$", "must be the name of a namespace, or '*' for all", max_length=63),
]
"""Name of a namespace, or `*` for every one."""

NOT_ZERO_RULE = cel("self.matches('[1-9]')", "must be greater than 0", found="self")
Cpus = Annotated[
    str,
    text(
        r"^([0-9]{1,9}m|[0-9]{1,6}([.][0-9]{1,3})?)$",
        "must be a number of CPUs, for example '4' or '500m'",
        NOT_ZERO_RULE,
        max_length=16,
    ),
]
"""A Kubernetes quantity of CPUs."""
MemorySize = Annotated[
    str,
    text(
        r"^[0-9]+([.][0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$",
        "must be a number of bytes, for example '16Gi'",
        NOT_ZERO_RULE,
        max_length=32,
    ),
]
"""A Kubernetes quantity of memory or disk."""

NO_RELATIVE_PARTS_RULE = cel(
    "!self.split('/').exists(part, part == '..' || part == '.')",
    "must not contain '.' or '..' between slashes",
    found="self",
)
S3Uri = Annotated[
    str,
    text(
        r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$",
        "must be s3://bucket/key, with the bucket's name in lower case",
        NO_RELATIVE_PARTS_RULE,
        max_length=1024,
    ),
]
"""`s3://bucket/key`. A trailing slash says "every object below"."""
ENDPOINT_URL = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$"
ENDPOINT_URL_IN_WORDS = (
    "must be http:// or https://, a host, and a port where it is not the usual one, for example 'https://s3.example.com:9000'"
)
EndpointUrl = Annotated[str, text(ENDPOINT_URL, ENDPOINT_URL_IN_WORDS, max_length=512)]
HostName = Annotated[
    str,
    text(DNS_NAME, "must be a host name in lower case, without a port", max_length=253),
]
Region = Annotated[
    str, text(r"^[a-z0-9-]+$", "must be the name of a region in lower case, for example 'eu-central-1'", max_length=64)
]
Message = Annotated[str, Field(max_length=1024)]
Timestamp = Annotated[str, Field(max_length=32, json_schema_extra={"format": "date-time"})]
