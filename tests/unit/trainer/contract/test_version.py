"""What goes over the wire changes only together with its version."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import TypeAdapter

from sft_trainer.contract import CONTRACT_VERSION, AnyConfig, Progress, TerminationMessage

DIGESTS = {2: "a94c300582e17399ab6f28f6e002ee2729a89718b91e674b347a9966a645d3b5"}
"""By version, of all that is said in it. One that was released is never edited: raise CONTRACT_VERSION and add a line."""


def said(schema: Any) -> Any:
    """A schema without what explains it to people, which may change at any time."""
    if isinstance(schema, list):
        return [said(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: said(field) for name, field in value.items()} if key in ("properties", "$defs") else said(value)
        for key, value in schema.items()
        if key not in ("title", "description")
    }


def test_the_contract_is_the_one_that_its_version_names() -> None:
    configs: TypeAdapter[Any] = TypeAdapter(AnyConfig)
    spoken = [configs.json_schema(), Progress.model_json_schema(), TerminationMessage.model_json_schema()]
    digest = hashlib.sha256(json.dumps(said(spoken), sort_keys=True).encode()).hexdigest()
    assert digest == DIGESTS.get(CONTRACT_VERSION), (
        "the contract has changed: raise CONTRACT_VERSION in contract/wire.py, unless its version was not released yet, "
        f"and write {CONTRACT_VERSION}: {digest!r} here"
    )
