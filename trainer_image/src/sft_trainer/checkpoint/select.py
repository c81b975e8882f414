"""Finds the checkpoint to resume from: the newest that verifies. Never starts over in silence."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from sft_trainer.checkpoint.layout import FOLDER, REQUIRED_FILES, CheckpointName, parse_name
from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.manifest import MANIFEST, Manifest, ManifestInvalid, download_verified
from sft_trainer.store.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class Resume:
    """A verified checkpoint on the pod's own disk."""

    folder: Path
    step: int


def committed_checkpoints(store: ObjectStore) -> list[CheckpointName]:
    """Every checkpoint whose manifest stands, newest first."""
    names = set()
    for found in store.list(FOLDER):
        folder, _, file = found.key.removeprefix(FOLDER).partition("/")
        name = parse_name(folder)
        if file == MANIFEST and name is not None:
            names.add(name)
    return sorted(names, reverse=True)


def find_resume(store: ObjectStore, scratch: Path, last_committed_step: int) -> Resume | None:
    """The newest checkpoint that verifies, downloaded; None when there was never one. Raises CheckpointUnusable."""
    names = committed_checkpoints(store)
    broken = []
    for name in names:
        folder = scratch / "resume" / f"checkpoint-{name.step}"
        try:
            manifest = download_verified(store, folder, name.prefix)
            _require_complete(manifest, name)
        except ManifestInvalid as error:
            broken.append(str(error))
            shutil.rmtree(folder, ignore_errors=True)
            print(f"checkpoint {name} does not verify: {error}", flush=True)
            continue
        return Resume(folder, name.step)
    if names or last_committed_step:
        raise _unusable(store, broken, last_committed_step)
    return None


def _require_complete(manifest: Manifest, name: CheckpointName) -> None:
    lacking = set(REQUIRED_FILES) - {file.name for file in manifest.files}
    if lacking:
        raise ManifestInvalid(f"{name} has no {', '.join(sorted(lacking))}")


def _unusable(store: ObjectStore, broken: list[str], last_committed_step: int) -> TrainerFailure:
    found = f"none of {len(broken)} checkpoints verifies ({broken[0]})" if broken else "the store shows no checkpoint"
    known = f", although step {last_committed_step} was committed" if last_committed_step else ""
    return TrainerFailure(
        ExitCode.CHECKPOINT_UNUSABLE,
        Reason.CHECKPOINT_UNUSABLE,
        f"{found} below {store.uri}{FOLDER}{known}",
        "restore the objects from a backup or a bucket version, or raise spec.run to train from the start",
    )
