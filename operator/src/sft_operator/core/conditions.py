"""Conditions: one statement for each aspect, and the four that generic tools (kstatus, Flux, Argo CD) read.

`lastTransitionTime` moves only with `status`, so that "since when" stays true; a statement that says the same again
changes nothing, and an unchanged status is not written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sft_operator.api.condition import Condition
from sft_operator.api.reasons import ConditionType, Reason
from sft_operator.core import timestamps
from sft_operator.core.decision import Announcement
from sft_operator.core.text import cut

MAX_MESSAGE_LENGTH = 1024
ORDER = [type.value for type in ConditionType]
Truth = Literal["True", "False", "Unknown"]


@dataclass(frozen=True, slots=True)
class Statement:
    """What is now known of one aspect."""

    type: ConditionType
    status: Truth
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Moment:
    """The generation that a decision speaks of, and when it speaks."""

    generation: int
    now: datetime

    @property
    def text(self) -> str:
        """The time, as it stands in a status."""
        return timestamps.to_text(self.now)


def state(conditions: Sequence[Condition], statements: Sequence[Statement], moment: Moment) -> list[Condition]:
    """The conditions after these statements; those that nothing is said of stay as they are."""
    by_type = {condition.type: condition for condition in conditions}
    for statement in statements:
        by_type[statement.type.value] = _restated(by_type.get(statement.type.value), statement, moment)
    return sorted(by_type.values(), key=_place)


def _place(condition: Condition) -> int:
    """In the order of their declaration; a type that another version of the operator left comes last."""
    return ORDER.index(condition.type) if condition.type in ORDER else len(ORDER)


def _restated(before: Condition | None, statement: Statement, moment: Moment) -> Condition:
    same_status = before is not None and before.status == statement.status
    return Condition(
        type=statement.type.value,
        status=statement.status,
        reason=str(statement.reason),
        message=cut(statement.message, MAX_MESSAGE_LENGTH),
        observed_generation=moment.generation,
        last_transition_time=before.last_transition_time if before and same_status else moment.text,
    )


def without(conditions: Sequence[Condition], type: ConditionType) -> list[Condition]:
    """The conditions but for one, of which nothing is known any more."""
    return [condition for condition in conditions if condition.type != type.value]


def at_work(reason: str, message: str) -> list[Statement]:
    """The operator acts, or waits for what comes by itself."""
    return [
        Statement(ConditionType.READY, "False", reason, message),
        Statement(ConditionType.RECONCILING, "True", reason, message),
        Statement(ConditionType.STALLED, "False", reason, ""),
    ]


def settled(reason: str, message: str) -> list[Statement]:
    """All is as it was asked for."""
    return [
        Statement(ConditionType.READY, "True", reason, message),
        Statement(ConditionType.RECONCILING, "False", reason, ""),
        Statement(ConditionType.STALLED, "False", reason, ""),
    ]


def stalled(reason: str, message: str) -> list[Statement]:
    """Nothing will change until someone acts on the message."""
    return [
        Statement(ConditionType.READY, "False", reason, message),
        Statement(ConditionType.RECONCILING, "False", reason, ""),
        Statement(ConditionType.STALLED, "True", reason, message),
    ]


def hindered(reason: str, message: str) -> list[Statement]:
    """Nothing will change until someone acts on the message; what was reached before stands, and Ready with it."""
    return [statement for statement in stalled(reason, message) if statement.type is not ConditionType.READY]


def find(conditions: Sequence[Condition], type: ConditionType) -> Condition | None:
    """The condition of that type, if it was ever stated."""
    return next((condition for condition in conditions if condition.type == type.value), None)


def is_true(conditions: Sequence[Condition], type: ConditionType) -> bool:
    """Whether the condition holds."""
    found = find(conditions, type)
    return found is not None and found.status == "True"


def is_headline(conditions: Sequence[Condition], reason: str) -> bool:
    """Whether this is the reason that Ready gives now."""
    ready = find(conditions, ConditionType.READY)
    return ready is not None and ready.reason == reason


TROUBLES = {
    Reason.RETRYING,
    Reason.CHILD_DELETED,
    Reason.CONFIG_MAP_NOT_FOUND,
    Reason.SECRET_NOT_FOUND,
    Reason.UNSCHEDULABLE,
    Reason.IMAGE_PULL_FAILED,
    Reason.POD_REFUSED,
    Reason.DATASET_NOT_FOUND,
    Reason.DATASET_FAILED,
}
"""Reasons that someone may want to look at although the operator goes on by itself."""


def announce(before: Sequence[Condition], after: Sequence[Condition]) -> list[Announcement]:
    """One Event when Ready got another reason: it carries the headline of everything that happens. And one of changed sources."""
    return [*_headline(before, after), *_changed_sources(before, after)]


def _changed_sources(before: Sequence[Condition], after: Sequence[Condition]) -> list[Announcement]:
    old, new = find(before, ConditionType.SOURCES_CHANGED), find(after, ConditionType.SOURCES_CHANGED)
    is_news = new is not None and new.status == "True" and (old is None or old.message != new.message)
    return [Announcement("Warning", new.reason, new.message)] if new is not None and is_news else []


def _headline(before: Sequence[Condition], after: Sequence[Condition]) -> list[Announcement]:
    new = _news(before, after, ConditionType.READY)
    if new is None:
        # What is ready stays so although its spec cannot be worked on any more.
        refused = _news(before, after, ConditionType.ACCEPTED)
        return [Announcement("Warning", refused.reason, refused.message)] if refused and refused.status == "False" else []
    is_trouble = new.reason in TROUBLES or is_true(after, ConditionType.STALLED)
    return [Announcement("Warning" if is_trouble else "Normal", new.reason, new.message)]


def _news(before: Sequence[Condition], after: Sequence[Condition], type: ConditionType) -> Condition | None:
    """The condition, if it is another one than before."""
    old, new = find(before, type), find(after, type)
    is_old = new is not None and old is not None and (old.reason, old.status) == (new.reason, new.status)
    return None if is_old else new
