"""`check-sources`: are the sources still what a version was made from?"""

from __future__ import annotations

from typing import Literal

from sft_trainer.contract.source import NetworkSettings, Source
from sft_trainer.contract.wire import CONTRACT_VERSION, ContractModel, ObjectRef, StorePrefix


class SourceCheckConfig(ContractModel):
    """What a `check-sources` pod is to do: list the sources, and compare them with what a preparation read. It reads no rows."""

    kind: Literal["SourceCheck"] = "SourceCheck"
    contract_version: int = CONTRACT_VERSION
    owner: ObjectRef
    attempt: int
    sources: list[Source]
    network: NetworkSettings = NetworkSettings()
    run: StorePrefix
    """Folder of the preparation's report, which says what each file was known by."""


class Drift(ContractModel):
    """Files that differ from those that a version was made from; which ones, the message says in words."""

    changed: int
    added: int
    removed: int

    @property
    def is_any(self) -> bool:
        """Whether a preparation would read something else today."""
        return bool(self.changed or self.added or self.removed)
