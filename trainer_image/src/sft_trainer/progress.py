"""Progress of a run: written by the training process to a file, served over HTTP by the launcher.

The launcher serves it because it answers from the first second and while the training process imports torch or holds the
interpreter for a long step; a file that is renamed into place is all the two need to share.
"""

from __future__ import annotations

import os
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from pydantic import ValidationError

from sft_trainer.contract import PROGRESS_PORT, Phase, Progress
from sft_trainer.termination import pod_uid

PROGRESS_FILE = "progress.json"
REQUEST_SECONDS = 5.0
"""How long a connection may say nothing: each has a thread of PID 1, and any pod of the cluster can open them."""
PORT_VARIABLE = "SFT_PROGRESS_PORT"
"""For use outside of a pod, where the port may be another program's."""


class ProgressWriter:
    """The training process's side: keeps the newest figures and writes each change."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PROGRESS_FILE
        self._lock = Lock()  # the loop and the thread that commits checkpoints both write
        self._progress = Progress(pod_uid=pod_uid(), phase=Phase.STARTING, step=0, total_steps=0, updated_at=time.time())
        self.update()

    @property
    def progress(self) -> Progress:
        return self._progress

    def update(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Progress; whoever reads them checks them
        """Changes some figures. What is not finite is left out: JSON has no word for it."""
        finite = {name: value for name, value in changes.items() if not _is_not_finite(value)}
        with self._lock:
            self._progress = self._progress.model_copy(update={**finite, "updated_at": time.time()})
            unfinished = self._path.with_suffix(".part")
            unfinished.write_text(self._progress.to_json())
            unfinished.rename(self._path)


def _is_not_finite(value: object) -> bool:
    return isinstance(value, float) and (value != value or value in (float("inf"), float("-inf")))


def read_progress(folder: Path) -> Progress:
    """The newest figures, or those of a pod that has just started."""
    try:
        return Progress.model_validate_json((folder / PROGRESS_FILE).read_text())
    except (FileNotFoundError, ValidationError):
        return Progress(pod_uid=pod_uid(), phase=Phase.STARTING, step=0, total_steps=0, updated_at=time.time())


def as_metrics(progress: Progress) -> str:
    """The same as Prometheus text."""
    figures = {
        "sft_step": progress.step,
        "sft_total_steps": progress.total_steps,
        "sft_last_committed_step": progress.last_committed_step,
        "sft_loss": progress.loss,
        "sft_eval_loss": progress.eval_loss,
        "sft_learning_rate": progress.learning_rate,
        "sft_tokens_per_second": progress.tokens_per_second,
    }
    known = [f"# TYPE {name} gauge\n{name} {value}\n" for name, value in figures.items() if value is not None]
    return "".join(known)


def serve(folder: Path) -> ThreadingHTTPServer | None:
    """Serves `GET /v1/progress` and `GET /metrics` from a thread; a run whose port is taken goes on unseen."""

    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS

        def do_GET(self) -> None:
            progress = read_progress(folder)
            if self.path == "/v1/progress":
                self._answer(progress.to_json(), "application/json")
            elif self.path == "/metrics":
                self._answer(as_metrics(progress), "text/plain; version=0.0.4")
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _answer(self, text: str, content_type: str) -> None:
            data = text.encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """A line for each poll would bury the run's own log."""

    port = int(os.environ.get(PORT_VARIABLE, PROGRESS_PORT))
    try:
        server = ThreadingHTTPServer(("", port), Handler)
    except OSError as error:
        print(f"progress is not served: port {port}: {error.strerror}", file=sys.stderr, flush=True)
        return None
    Thread(target=server.serve_forever, name="progress", daemon=True).start()
    return server
