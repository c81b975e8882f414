"""The frame of a pod: reads the config, runs its kind, says how it ended. Nothing here may be slow to import."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from pydantic import BaseModel, TypeAdapter, ValidationError

from sft_trainer.contract import (
    CONTRACT_VERSION,
    SCRATCH_PATH,
    AnyConfig,
    ExitCode,
    PlanConfig,
    PrepareConfig,
    Reason,
    RunConfig,
    SourceCheckConfig,
    StorePrefix,
    TerminationMessage,
)
from sft_trainer.failure import Preempted, TrainerFailure, invalid
from sft_trainer.termination import pod_uid, without_secrets, write_exit_record, write_termination_log

CRASHED = 1
"""Exit code of an error that nobody foresaw: the operator tries again, and keeps the message."""


class _Version(BaseModel):
    """The one field that every version of the contract has."""

    contractVersion: int  # noqa: N815 - the name on the wire


def raise_preempted(number: int, frame: FrameType | None) -> NoReturn:
    """Signal handler: a pod that holds nothing worth saving stops at once."""
    raise Preempted


def load_config(path: Path) -> PrepareConfig | SourceCheckConfig | PlanConfig | RunConfig:
    """The pod's config; raises TrainerFailure(ContractMismatch, InvalidConfig)."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise invalid(
            Reason.INVALID_CONFIG, f"{path} cannot be read: {error.strerror}", "report this: the operator mounts it"
        ) from error
    try:
        version = _Version.model_validate_json(text).contractVersion
        if version != CONTRACT_VERSION:
            message = f"the config speaks contract version {version}, this image speaks {CONTRACT_VERSION}"
            raise invalid(Reason.CONTRACT_MISMATCH, message, "use the trainer images of the operator's own release")
        return TypeAdapter[PrepareConfig | SourceCheckConfig | PlanConfig | RunConfig](AnyConfig).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise invalid(Reason.INVALID_CONFIG, f"{path}: {where}: {first['msg']}", "report this: the operator wrote it") from error


def scratch_folder() -> Path:
    """The pod's own disk; outside of a cluster a folder for temporary files."""
    folder = Path(os.environ.get("SFT_SCRATCH", SCRATCH_PATH))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def failed(failure: TrainerFailure, attempt: int) -> TerminationMessage:
    """The message of a pod that failed. Its text may quote a library's, and what that says is not ours to trust."""
    return TerminationMessage(
        pod_uid=pod_uid(),
        attempt=attempt,
        exit_code=failure.exit_code,
        reason=failure.reason,
        message=without_secrets(failure.message),
        remedy=without_secrets(failure.remedy),
    )


def preempted(attempt: int) -> TerminationMessage:
    """The message of a pod that was told to stop before it had anything to save."""
    text = "the pod was told to stop before it was done; nothing was lost, the next one starts over"
    failure = TrainerFailure(ExitCode.PREEMPTED, Reason.PREEMPTED, text)
    return failed(failure, attempt)


def crashed(error: Exception, attempt: int) -> TerminationMessage:
    """The message of an error that nobody foresaw; its traceback stands in the log."""
    print(without_secrets("".join(traceback.format_exception(error))), file=sys.stderr, flush=True)
    last = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__} in {Path(last.filename).name} line {last.lineno}: {without_secrets(str(error))[:300]}"
    remedy = "it is tried again; if it stays, report it with the pod's log"
    return TerminationMessage(
        pod_uid=pod_uid(), attempt=attempt, exit_code=CRASHED, reason=Reason.INTERNAL_ERROR, message=text, remedy=remedy
    )


def finish(message: TerminationMessage, records: StorePrefix | None) -> int:
    """Writes the message where it is looked for; returns the exit code."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # from here on it only remains to say what happened
    write_termination_log(message)
    if records is not None:
        write_exit_record(records, message)
    return message.exit_code


def stop_at_sigterm(attempt: int, records: StorePrefix) -> None:
    """For a pod with nothing worth saving: the handler itself says so and ends the process, whatever threads are waiting for."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        try:
            finish(preempted(attempt), records)
        finally:
            os._exit(ExitCode.PREEMPTED)

    signal.signal(signal.SIGTERM, stop)


def run_to_the_end(work: Callable[[], TerminationMessage], attempt: int) -> TerminationMessage:
    """Runs a pod's work; whatever happens becomes a message."""
    try:
        return work()
    except TrainerFailure as failure:
        return failed(failure, attempt)
    except Preempted:
        return preempted(attempt)
    except Exception as error:
        return crashed(error, attempt)
