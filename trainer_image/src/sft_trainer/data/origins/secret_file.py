"""Reads a secret from the file that a mounted Secret makes of it."""

from __future__ import annotations

from pathlib import Path

from sft_trainer.contract import Reason
from sft_trainer.failure import invalid


def read_secret(path: str) -> str:
    """One line that can stand in a header; raises TrainerFailure that names the file and nothing of its content."""
    try:
        value = Path(path).read_bytes().strip()
    except OSError as error:
        raise invalid(Reason.CREDENTIALS_INCOMPLETE, f"there is no secret at {path}", "give the Secret this key") from error
    if not value or len(value) > 8192 or any(not 32 <= byte < 127 for byte in value):
        message = f"the secret at {path} must be one line of printable ASCII"
        raise invalid(Reason.CREDENTIALS_INCOMPLETE, message, "correct the Secret, then raise spec.run")
    return value.decode()
