"""What a pod said of its own end. It is parsed as hostile input: wrong shape, wrong pod or wrong version is no evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic import ValidationError

from sft_operator.core.observed import Pod
from sft_trainer.contract import CONTRACT_VERSION, TerminationMessage


@dataclass(frozen=True, slots=True)
class Testimony:
    """A pod that ended, and its message if it can be relied on."""

    pod: Pod
    exit_code: int
    said: TerminationMessage | None = None
    speaks_version: int | None = None
    """Version of the contract in the message, where it is not ours."""


def hear(pod: Pod) -> Testimony | None:
    """The testimony of a pod; None while it has not ended."""
    if pod.terminated is None:
        return None
    exit_code = pod.terminated.exit_code
    document = _json_object(pod.terminated.message)
    version = document.get("contractVersion")
    if isinstance(version, int) and version != CONTRACT_VERSION:
        return Testimony(pod, exit_code, speaks_version=version)
    try:
        message = TerminationMessage.model_validate(document)
    except ValidationError:
        return Testimony(pod, exit_code)
    return Testimony(pod, exit_code, said=message if message.pod_uid == pod.uid else None)


MAX_INTEGER = 2**53
"""What the API server can store; no figure of ours comes near it."""


def _storable_integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        raise ValueError("an integer that no status can hold")
    return int(digits)


def _json_object(text: str) -> dict[str, object]:
    try:
        document = json.loads(text, parse_int=_storable_integer)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
