"""How a pod says how it ended: the termination log for the kubelet, and the same as exit record in the store."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Thread

from sft_trainer.contract import CREDENTIALS_ROOT, POD_UID_VARIABLE, TERMINATION_LOG_PATH, StorePrefix, TerminationMessage

RECORD_SECONDS = 10.0
"""How long a pod stays for its exit record: it may have a few seconds left to live, and the store may be what failed."""
SHORTEST_SECRET = 8
"""Shorter values are no keys, and hiding them would cut words out of ordinary sentences."""


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


def write_exit_record(records: StorePrefix, message: TerminationMessage, seconds: float = RECORD_SECONDS) -> None:
    """Best effort: the store may be the very thing that failed, and the failure must stay the message."""
    writer = Thread(target=_put_exit_record, args=(records, message), name="exit-record", daemon=True)
    writer.start()
    writer.join(seconds)
    if writer.is_alive():
        print(f"exit record not written within {seconds:.0f} s to {records.uri}", file=sys.stderr, flush=True)


def _put_exit_record(records: StorePrefix, message: TerminationMessage) -> None:
    from sft_trainer.store.object_store import open_store  # boto3 takes a third of a second to import

    try:
        open_store(records).put(exit_record_key(message.attempt), message.to_json().encode())
    except Exception as error:  # in this thread a traceback would go to the log as it is
        print(f"exit record not written: {without_secrets(str(error))}", file=sys.stderr, flush=True)


def without_secrets(text: str, credentials: Path = Path(CREDENTIALS_ROOT)) -> str:
    """The text with every value of a mounted Secret taken out: what a library says of an error is not ours to trust."""
    for file in credentials.glob("*/*"):
        value = file.read_bytes().strip().decode(errors="replace") if file.is_file() else ""
        if len(value) >= SHORTEST_SECRET:
            text = text.replace(value, "[secret]")
    return text
