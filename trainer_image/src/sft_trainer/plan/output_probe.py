"""Proves that the output can be written, read and deleted, before anything is spent on what would be written there."""

from __future__ import annotations

import secrets

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.object_store import ObjectNotFound, ObjectStore, ObjectTooLarge


def probe_output(store: ObjectStore) -> None:
    """Writes, reads back and deletes a small object; raises TrainerFailure."""
    key, content = f".probe-{secrets.token_hex(8)}", secrets.token_bytes(64)
    store.put(key, content)
    if _read_back(store, key, len(content)) != content:
        raise TrainerFailure(
            ExitCode.STORE_DENIED,
            Reason.STORE_DENIED,
            f"what was written to {store.uri} is not what was read back",
            "look at the object store; it must give back what it took",
        )
    store.delete(key)


def _read_back(store: ObjectStore, key: str, size: int) -> bytes | None:
    try:
        return store.read(key, max_bytes=size)
    except (ObjectNotFound, ObjectTooLarge):
        return None
