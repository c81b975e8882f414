"""What an InstructionDataset's status says, one function for each situation it can be in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sft_operator.api.instruction_dataset import (
    Accounting,
    DatasetVersion,
    InstructionDatasetStatus,
    RejectedRow,
)
from sft_operator.api.reasons import ConditionType, Reason
from sft_operator.core import conditions, consequence
from sft_operator.core.checks import Unmet
from sft_operator.core.conditions import Moment, Statement
from sft_operator.core.retry_policy import Ending, Verdict
from sft_operator.core.text import cut
from sft_trainer import contract

DatasetStatus = InstructionDatasetStatus
KEPT_VERSIONS = 10
KEPT_REJECTS = 5
KEPT_REJECT_REASONS = 32
MAX_URI_LENGTH = 2048
DIGEST = re.compile(r"[0-9a-f]{64}")


def observed(status: DatasetStatus, generation: int, run: int) -> DatasetStatus:
    """Speaks of this generation; what earlier ones left besides their versions goes."""
    changes: dict[str, Any] = {"observed_generation": generation, "run": run}
    if status.attempted_generation != generation:
        changes |= {
            "attempted_generation": generation,
            "attempts": [],
            "attempt_count": 0,
            "retry_count": 0,
            "retry_after": None,
            "failure": None,
            "source_check": None,
            "conditions": conditions.without(status.conditions, ConditionType.SOURCES_CHANGED),
        }
    return status.model_copy(update=changes)


def _told(status: DatasetStatus, phase: str, statements: list[Statement], moment: Moment) -> DatasetStatus:
    told = conditions.state(status.conditions, statements, moment)
    return status.model_copy(update={"phase": phase, "conditions": told})


def _accepted() -> Statement:
    return Statement(ConditionType.ACCEPTED, "True", Reason.ACCEPTED, "Nothing stands against the spec")


def not_accepted(status: DatasetStatus, unmet: Unmet, moment: Moment) -> DatasetStatus:
    """A check does not hold."""
    accepted = Statement(ConditionType.ACCEPTED, "False", unmet.reason, unmet.message)
    return _told(status, "Refused", [accepted, *conditions.stalled(unmet.reason, unmet.message)], moment)


def cannot_be_decided(status: DatasetStatus, unmet: Unmet, moment: Moment) -> DatasetStatus:
    """The operator cannot read the spec, or fails over it. A version that is ready stays so."""
    if not conditions.is_true(status.conditions, ConditionType.READY):
        return not_accepted(status, unmet, moment)
    accepted = Statement(ConditionType.ACCEPTED, "False", unmet.reason, unmet.message)
    return _told(status, "Ready", [accepted, *conditions.hindered(unmet.reason, unmet.message)], moment)


def preparing(status: DatasetStatus, moment: Moment, *, reason: str = Reason.PREPARING, message: str) -> DatasetStatus:
    """A Job is at work, or something keeps it from being so."""
    return _told(status, "Preparing", [_accepted(), *conditions.at_work(reason, message)], moment)


def waiting_to_retry(status: DatasetStatus, moment: Moment) -> DatasetStatus:
    """The newest attempt failed in a way that may pass."""
    why = consequence.in_words(status.failure) if status.failure else ""
    message = f"Attempt {status.attempt_count + 1} starts at {status.retry_after}. The last one: {why}"
    return _told(status, "Preparing", [_accepted(), *conditions.at_work(Reason.RETRYING, message)], moment)


def failed(status: DatasetStatus, moment: Moment) -> DatasetStatus:
    """The newest attempt failed for good."""
    reason = status.failure.reason if status.failure else str(Reason.INTERNAL_ERROR)
    message = consequence.in_words(status.failure) if status.failure else ""
    return _told(status, "Failed", [_accepted(), *conditions.stalled(reason, message)], moment)


def published(status: DatasetStatus, version: DatasetVersion, moment: Moment) -> DatasetStatus:
    """A version made from the newest spec stands."""
    rejected = status.accounting.rejected_rows if status.accounting else 0
    message = (
        f"{version.rows} rows ({version.train_rows} to train on, {version.eval_rows} to measure on), "
        f"{rejected} left out; digest {version.digest[:12]}"
    )
    return _told(status, "Ready", [_accepted(), *conditions.settled(Reason.PUBLISHED, message)], moment)


def sources_checked(status: DatasetStatus, ending: Ending, moment: Moment) -> DatasetStatus:
    """The sources were compared with what the version was made from, or could not be."""
    drift = ending.said.drift if ending.said else None
    if ending.verdict is not Verdict.DONE or drift is None:
        return sources_unknown(status, ending.reason, f"{ending.message.rstrip('.')}. {ending.remedy}".rstrip(), moment)
    if drift.is_any:
        message = f"{ending.message}. The version stays as it is; raise spec.run to make a new one"
        statement = Statement(ConditionType.SOURCES_CHANGED, "True", Reason.SOURCES_CHANGED, message)
    else:
        statement = Statement(ConditionType.SOURCES_CHANGED, "False", Reason.SOURCES_UNCHANGED, ending.message)
    return status.model_copy(update={"conditions": conditions.state(status.conditions, [statement], moment)})


def sources_unknown(status: DatasetStatus, reason: str, message: str, moment: Moment) -> DatasetStatus:
    """The sources could not be looked at."""
    statement = Statement(ConditionType.SOURCES_CHANGED, "Unknown", reason, message)
    return status.model_copy(update={"conditions": conditions.state(status.conditions, [statement], moment)})


def is_version_in(result: contract.PrepareResult, folders: Sequence[str]) -> bool:
    """Whether the pod named a digest, and a folder that can be that of this dataset."""
    is_digest = DIGEST.fullmatch(result.digest) is not None
    is_ours = result.uri in {f"{folder}{result.digest}/" for folder in folders}
    return is_digest and is_ours and len(result.uri) <= MAX_URI_LENGTH


def version_of(result: contract.PrepareResult, run: int, moment: Moment) -> DatasetVersion:
    """The version that was published just now."""
    return DatasetVersion(
        digest=result.digest,
        uri=result.uri,
        rows=result.train_rows + result.eval_rows,
        train_rows=result.train_rows,
        eval_rows=result.eval_rows,
        bytes=result.bytes,
        tokens=result.tokens,
        trained_tokens=result.trained_tokens,
        exports_uri=cut(result.exports_uri, MAX_URI_LENGTH) if result.exports_uri else None,
        generation=moment.generation,
        run=run,
        ready_at=moment.text,
    )


def with_version(status: DatasetStatus, version: DatasetVersion, result: contract.PrepareResult) -> DatasetStatus:
    """The new version takes the place of the one before, which stays listed."""
    earlier = [*([status.version] if status.version else []), *status.versions]
    kept = [old for old in earlier if old.digest != version.digest][:KEPT_VERSIONS]
    report = cut(result.report_uri, MAX_URI_LENGTH)
    return status.model_copy(
        update={"version": version, "versions": kept, "failure": None, "retry_after": None, "report_uri": report}
    )


def with_accounting(status: DatasetStatus, ending: Ending) -> DatasetStatus:
    """What the pod accounted for, whether it published or not."""
    said = ending.said
    if said is None:
        return status
    accounting = said.prepare.accounting if said.prepare else said.accounting
    rejects = said.prepare.rejects if said.prepare else said.rejects
    changes: dict[str, Any] = {"rejects": [_rejected_row(row) for row in rejects[:KEPT_REJECTS]]}
    if accounting is not None:
        changes["accounting"] = _accounting(accounting)
    if said.report_uri:
        changes["report_uri"] = cut(said.report_uri, MAX_URI_LENGTH)
    return status.model_copy(update=changes)


def _accounting(accounting: contract.Accounting) -> Accounting:
    by_count = sorted(accounting.rejected.items(), key=lambda item: (-item[1], item[0]))
    return Accounting(
        read=accounting.read,
        kept=accounting.kept,
        rejected={cut(reason, 64): rows for reason, rows in by_count[:KEPT_REJECT_REASONS]},
        rejected_rows=sum(accounting.rejected.values()),
    )


def _rejected_row(row: contract.RejectedRow) -> RejectedRow:
    return RejectedRow(source=cut(row.source, 36), file=cut(row.file, 1024), line=row.line, reason=cut(row.reason, 64))
