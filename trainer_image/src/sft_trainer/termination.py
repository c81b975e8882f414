"""How a pod says how it ended: the termination log for the kubelet, and the same as exit record in the store."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sft_trainer.contract import POD_UID_VARIABLE, TERMINATION_LOG_PATH, TerminationMessage
from sft_trainer.failure import TrainerFailure
from sft_trainer.store.object_store import ObjectStore


def pod_uid() -> str:
    """This pod's UID; outside of a cluster a word that says so."""
    return os.environ.get(POD_UID_VARIABLE, "local")


def exit_record_key(attempt: int) -> str:
    """Where the exit record lies, below the run's folder. The pod in its name keeps two pods of one attempt apart."""
    return f"exits/a{attempt}-{pod_uid()[:8]}.json"


def write_termination_log(message: TerminationMessage, path: Path = Path(TERMINATION_LOG_PATH)) -> None:
    """Cut to what the kubelet keeps. Outside of a pod there is no such file, and stderr serves."""
    text = message.fit().to_json()
    if path.exists():
        path.write_text(text)
    print(text, file=sys.stderr, flush=True)


def write_exit_record(store: ObjectStore, message: TerminationMessage) -> None:
    """Best effort: the store may be the very thing that failed, and the failure must stay the message."""
    try:
        store.put(exit_record_key(message.attempt), message.to_json().encode())
    except TrainerFailure as failure:
        print(f"exit record not written: {failure.message}", file=sys.stderr, flush=True)
