"""Proves that the output can be written, read and deleted, before anything is spent on what would be written there."""

from __future__ import annotations

import secrets

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.object_store import ObjectStore


def probe_output(store: ObjectStore) -> None:
    """Writes, reads back and deletes a small object; raises TrainerFailure."""
    key, content = f".probe-{secrets.token_hex(8)}", secrets.token_bytes(64)
    store.put(key, content)
    if store.read(key, max_bytes=len(content)) != content:
        raise TrainerFailure(
            ExitCode.STORE_DENIED,
            Reason.STORE_DENIED,
            f"what was written to {store.uri} is not what was read back",
            "look at the object store; it must give back what it took",
        )
    store.delete(key)
