"""Commits checkpoints beside training: one thread, at most one upload in flight."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

from sft_trainer.checkpoint.layout import KIND, CheckpointName
from sft_trainer.store.manifest import publish_folder
from sft_trainer.store.object_store import ObjectStore

POLL_SECONDS = 0.2
"""How soon a wait notices that its time has become short."""


class CheckpointCommitter:
    """Takes finished local checkpoints and makes them exist in the store."""

    def __init__(self, store: ObjectStore, attempt: int, pod: str, on_committed: Callable[[int], None]) -> None:
        self._store = store
        self._attempt, self._pod = attempt, pod[:8]
        self._on_committed = on_committed
        self._thread = futures.ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._in_flight: futures.Future[None] | None = None
        self.upload_seconds = 0.0
        """How long the last upload took; what the next one is expected to take."""

    def commit(self, folder: Path, step: int) -> None:
        """Starts the upload of a checkpoint. Waits for the one before, and raises what that one met.

        The folder is renamed first, so that nothing which looks for the trainer's own checkpoints touches it meanwhile.
        """
        self.wait()
        ours = folder.with_name(f"committing-{step}")
        folder.rename(ours)
        self._in_flight = self._thread.submit(self._upload, ours, step)

    def _upload(self, folder: Path, step: int) -> None:
        begun = time.monotonic()
        name = CheckpointName(step, self._attempt, self._pod)
        publish_folder(self._store, folder, KIND, {"step": step, "attempt": self._attempt}, prefix=name.prefix)
        shutil.rmtree(folder)
        self.upload_seconds = time.monotonic() - begun
        self._on_committed(step)

    def raise_if_failed(self) -> None:
        """Raises what a finished upload met: training on without checkpoints would only lose more."""
        if self._in_flight is not None and self._in_flight.done():
            self.wait()

    def wait(self, seconds_left: Callable[[], float] = lambda: math.inf) -> bool:
        """Until nothing is in flight, or until no time is left, which may become known meanwhile; tells which.

        Raises what the upload met.
        """
        upload = self._in_flight
        if upload is None:
            return True
        while not upload.done():
            if (left := seconds_left()) <= 0:
                return False
            futures.wait({upload}, min(left, POLL_SECONDS))
        self._in_flight = None
        upload.result()
        return True
