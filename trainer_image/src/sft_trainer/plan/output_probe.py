"""Proves that the output can do all that training needs of it, before anything is spent on what would be written there."""

from __future__ import annotations

import secrets

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.store.object_store import ObjectNotFound, ObjectStore, ObjectTooLarge


def probe_output(store: ObjectStore) -> None:
    """Writes, reads back, lists and deletes two small objects; raises TrainerFailure."""
    name = f".probe-{secrets.token_hex(8)}"
    plain, first = f"{name}/plain", f"{name}/first"
    content, other = secrets.token_bytes(64), secrets.token_bytes(64)
    _require_absent(store, plain)
    store.put(plain, content)
    try:
        if _read_back(store, plain, len(content)) != content:
            raise TrainerFailure(
                ExitCode.STORE_DENIED,
                Reason.STORE_DENIED,
                f"what was written to {store.uri} is not what was read back",
                "look at the object store; it must give back what it took",
            )
        _require_conditional_writes(store, first, content, other)
        _require_listing(store, name, {plain, first})
    finally:
        store.delete(plain)
        store.delete(first)


def _require_absent(store: ObjectStore, key: str) -> None:
    """Where keys may be read but not listed, AWS denies access to one that is absent, and nobody could tell the two apart."""
    try:
        store.read(key, max_bytes=1)
    except ObjectNotFound:
        return
    except ObjectTooLarge:
        pass
    raise _unfit(store, "an object was read that nobody had written")


def _require_conditional_writes(store: ObjectStore, key: str, first: bytes, second: bytes) -> None:
    """Checkpoints, versions and artifacts are told apart from unfinished ones by this, and attempts that meet by it too."""
    if not store.put_if_absent(key, first):
        raise _unfit(store, "a write with If-None-Match of a new object was refused")
    if store.put_if_absent(key, second) or _read_back(store, key, len(first)) != first:
        raise _unfit(store, "a write with If-None-Match replaced an object that was there")


def _require_listing(store: ObjectStore, prefix: str, expected: set[str]) -> None:
    if {found.key for found in store.list(f"{prefix}/")} != expected:
        raise _unfit(store, "a listing did not show the objects that were just written")


def _unfit(store: ObjectStore, found: str) -> TrainerFailure:
    remedy = "use an object store with conditional writes (If-None-Match: *) and listings that show what was written"
    return invalid(Reason.INVALID_CONFIG, f"{store.uri} cannot take the output of a run: {found}", remedy)


def _read_back(store: ObjectStore, key: str, size: int) -> bytes | None:
    try:
        return store.read(key, max_bytes=size)
    except (ObjectNotFound, ObjectTooLarge):
        return None
