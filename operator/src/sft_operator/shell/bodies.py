"""From API bodies to the records of `core.observed`: the one door at which raw objects are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sft_operator.core import naming, timestamps
from sft_operator.core.observed import ChildJob, JobEnd, Parent, ParentKind, Pod, Terminated, Warned

Body = Mapping[str, Any]
UNKNOWN_TIME = datetime.fromtimestamp(0, tz=UTC)


def parent(body: Body, kind: ParentKind) -> Parent:
    """The object on whose behalf all this happens."""
    metadata = body["metadata"]
    return Parent(
        kind=kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata["generation"],
        is_being_deleted="deletionTimestamp" in metadata,
    )


def is_owned_by(body: Body, uid: str) -> bool:
    """Whether the object's controller has this UID. Labels say nothing of ownership: anyone can set them."""
    return controller_uid(body) == uid


def controller_uid(body: Body) -> str:
    """UID of the object's controller; empty without one."""
    owners = body["metadata"].get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def child_job(body: Body) -> ChildJob:
    """A Job."""
    metadata = body["metadata"]
    return ChildJob(
        name=metadata["name"],
        uid=metadata["uid"],
        created_at=_time(metadata.get("creationTimestamp")),
        generation=_number(body, naming.GENERATION_LABEL),
        run=_number(body, naming.RUN_LABEL),
        attempt=_number(body, naming.ATTEMPT_LABEL),
        stage=_label(body, naming.STAGE_LABEL),
        end=_job_end(body),
        is_being_deleted="deletionTimestamp" in metadata,
    )


def _label(body: Body, label: str) -> str:
    return str((body["metadata"].get("labels") or {}).get(label, ""))


def _number(body: Body, label: str) -> int:
    text = _label(body, label)
    return int(text) if text.isascii() and text.isdigit() else 0


def _job_end(body: Body) -> JobEnd | None:
    """Complete or Failed. SuccessCriteriaMet and FailureTarget come earlier, while pods still run."""
    for outcome in ("Complete", "Failed"):
        condition = _condition(body, outcome)
        if condition.get("status") == "True":
            declared_at = _time(condition.get("lastTransitionTime"))
            return JobEnd(outcome, condition.get("reason", ""), condition.get("message", ""), declared_at)
    return None


def pod(body: Body) -> Pod:
    """A pod of one of our Jobs: it has one container."""
    metadata, status = body["metadata"], body.get("status") or {}
    container: Body = next(iter(status.get("containerStatuses") or []), {})
    waiting = (container.get("state") or {}).get("waiting") or {}
    disruption, scheduled = _condition(body, "DisruptionTarget"), _condition(body, "PodScheduled")
    is_unschedulable = scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"
    deadline = metadata.get("deletionTimestamp")
    return Pod(
        name=metadata["name"],
        uid=metadata["uid"],
        job_uid=controller_uid(body),
        created_at=_time(metadata.get("creationTimestamp")),
        phase=status.get("phase", ""),
        node=body.get("spec", {}).get("nodeName"),
        ip=status.get("podIP"),
        deletion_deadline=_time(deadline) if deadline else None,
        disruption=disruption.get("reason", "") if disruption.get("status") == "True" else None,
        status_reason=status.get("reason", ""),
        status_message=status.get("message", ""),
        unschedulable=scheduled.get("message", "") if is_unschedulable else "",
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        terminated=_terminated(container),
    )


def _terminated(container: Body) -> Terminated | None:
    state = (container.get("state") or {}).get("terminated")
    if not state:
        return None
    return Terminated(state.get("exitCode", 1), state.get("reason", ""), state.get("message", ""))


def _condition(body: Body, type: str) -> Body:
    conditions: Sequence[Body] = (body.get("status") or {}).get("conditions") or []
    return next((condition for condition in conditions if condition.get("type") == type), {})


def warned(body: Body) -> Warned:
    """A core/v1 Event."""
    about = body.get("involvedObject") or {}
    return Warned(about.get("uid", ""), body.get("reason", ""), body.get("message", ""))


def event_time(body: Body) -> str:
    """When the event was last seen, as text that sorts."""
    series = body.get("series") or {}
    return str(series.get("lastObservedTime") or body.get("lastTimestamp") or body.get("eventTime") or "")


def _time(text: str | None) -> datetime:
    return timestamps.from_text(text) if text else UNKNOWN_TIME
