"""metrics.jsonl: what was logged at each step. Uploaded beside training, which no store may hold up for the sake of a log."""

from __future__ import annotations

import json
from concurrent import futures
from threading import Lock

from sft_trainer.store.object_store import ObjectNotFound, ObjectStore, ObjectTooLarge
from sft_trainer.termination import without_secrets

METRICS_KEY = "metrics.jsonl"
MAX_METRICS_BYTES = 64 << 20
"""About 300,000 steps."""


class MetricsLog:
    """Lines, and one thread that writes all of them: the newest state wins, and none queues behind an outage.

    Nothing here raises: a log that cannot be written is worth a line in another log, never the training that it tells of.
    """

    def __init__(self, store: ObjectStore, earlier_lines: list[str], key: str = METRICS_KEY) -> None:
        self._store = store
        self._key = key
        self._lines = earlier_lines
        self._lock = Lock()
        self._uploader = futures.ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._waiting: futures.Future[bool] | None = None

    def append(self, line: str) -> None:
        """Keeps a line for the next upload."""
        with self._lock:
            self._lines.append(line)

    def upload_beside(self) -> None:
        """Has the thread write what there is when it comes to it; the log tells of a failure, and the next upload tries again."""
        if self._waiting is None or self._waiting.running() or self._waiting.done():
            self._waiting = self._uploader.submit(self._upload)

    def flush(self, seconds: float) -> bool:
        """Writes what there is and waits for it, for so long at most; tells whether it is there."""
        last = self._uploader.submit(self._upload)
        futures.wait({last}, seconds)
        return last.done() and last.result()

    def _upload(self) -> bool:
        with self._lock:
            content = "\n".join(self._lines)
        try:
            self._store.put(self._key, content.encode())
        except Exception as error:  # whatever it is, it is not worth a run
            print(f"metrics were not uploaded: {without_secrets(str(error))}", flush=True)
            return False
        return True


def resumed_metrics(store: ObjectStore, last_step: int) -> MetricsLog:
    """The log of earlier attempts up to the step that this one goes on from; one too long to read stays, and another begins."""
    try:
        text = store.read(METRICS_KEY, MAX_METRICS_BYTES).decode(errors="replace")
    except ObjectNotFound:
        return MetricsLog(store, [])
    except ObjectTooLarge as error:
        key = f"metrics-after-step-{last_step}.jsonl"
        print(f"the metrics go on in {store.uri}{key}: {error}", flush=True)
        return MetricsLog(store, [], key)
    return MetricsLog(store, [line for line in text.split("\n") if _step_of(line) <= last_step])


def _step_of(line: str) -> float:
    """The step of a line; of one that cannot be read, which a cut upload may leave, one that never comes."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, TypeError, KeyError):
        return float("inf")
