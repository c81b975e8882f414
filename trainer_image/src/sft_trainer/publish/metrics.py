"""metrics.jsonl: what was logged at each step. Uploaded beside training, which no store may hold up for the sake of a log."""

from __future__ import annotations

import json
from concurrent import futures
from threading import Lock

from sft_trainer.failure import TrainerFailure
from sft_trainer.store.object_store import ObjectNotFound, ObjectStore

METRICS_KEY = "metrics.jsonl"
MAX_METRICS_BYTES = 64 << 20


class MetricsLog:
    """Lines, and one thread that writes all of them: the newest state wins, and none queues behind an outage."""

    def __init__(self, store: ObjectStore, earlier_lines: list[str]) -> None:
        self._store = store
        self._lines = earlier_lines
        self._lock = Lock()
        self._uploader = futures.ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._waiting: futures.Future[None] | None = None

    def append(self, line: str) -> None:
        """Keeps a line for the next upload."""
        with self._lock:
            self._lines.append(line)

    def upload_beside(self) -> None:
        """Has the thread write what there is when it comes to it; the log tells of a failure, and the next upload tries again."""
        if self._waiting is None or self._waiting.running() or self._waiting.done():
            self._waiting = self._uploader.submit(self._upload_or_say)

    def flush(self, seconds: float | None = None) -> bool:
        """Writes what there is and waits for it, for so long at most; tells whether it is there. Raises what it met."""
        last = self._uploader.submit(self._upload)
        futures.wait({last}, seconds)
        if not last.done():
            return False
        last.result()
        return True

    def _upload_or_say(self) -> None:
        try:
            self._upload()
        except TrainerFailure as failure:
            print(f"metrics were not uploaded, and will be with the next ones: {failure.message}", flush=True)

    def _upload(self) -> None:
        with self._lock:
            content = "\n".join(self._lines)
        self._store.put(METRICS_KEY, content.encode())


def earlier_lines(store: ObjectStore, last_step: int) -> list[str]:
    """Lines of earlier attempts up to the step that this one goes on from."""
    try:
        lines = store.read(METRICS_KEY, MAX_METRICS_BYTES).decode().splitlines()
    except ObjectNotFound:
        return []
    return [line for line in lines if json.loads(line)["step"] <= last_step]
