"""A status stays small whatever it has to tell: etcd keeps every version of it, and every watcher gets each of them.

Histories are bounded already; where they are full of long texts all at once, the oldest entries give way, and at last what
is said more than once. Counters are fields of their own, so that nothing is forgotten but words.
"""

from __future__ import annotations

from typing import Any

from sft_operator.api.condition import Condition
from sft_operator.api.instruction_dataset import InstructionDatasetStatus
from sft_operator.api.reasons import ConditionType
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.core.decision import Status
from sft_operator.core.text import cut

MAX_BYTES = 16 * 1024
LOOKED_BACK_ON = 6
"""Attempts by which it is told how long to wait, and when to give up; see core.retry_policy."""
IN_FULL = {ConditionType.ACCEPTED.value, ConditionType.READY.value, ConditionType.SOURCES_CHANGED.value}
"""Where anything is amiss, the other conditions repeat what Ready says."""
MAX_REPEATED_LENGTH = 256


def within_bounds(status: Status) -> Status:
    """The status, without the oldest entries of its histories if it would be too large with them."""
    for history, kept, is_newest_first in _histories(status):
        while size(status) > MAX_BYTES and len(entries := getattr(status, history)) > kept:
            fewer = entries[:-1] if is_newest_first else entries[1:]
            status = status.model_copy(update={history: fewer})
    if size(status) > MAX_BYTES:
        changes: dict[str, Any] = {"conditions": [_shortened(condition) for condition in status.conditions]}
        status = status.model_copy(update=changes)
    return status


def size(status: InstructionDatasetStatus | SFTJobStatus) -> int:
    """Bytes of the status as JSON."""
    return len(status.model_dump_json(by_alias=True, exclude_none=True).encode())


def _histories(status: InstructionDatasetStatus | SFTJobStatus) -> list[tuple[str, int, bool]]:
    """Name of each history, how many of its entries stay in any case, and whether the newest one stands first; what is
    missed least comes first."""
    if isinstance(status, SFTJobStatus):
        plans = LOOKED_BACK_ON if status.resolved is None else 1
        return [("plans", plans, False), ("attempts", 3, False), ("runs", 1, True)]
    return [("versions", 1, True), ("attempts", LOOKED_BACK_ON, False), ("rejects", 1, True)]


def _shortened(condition: Condition) -> Condition:
    if condition.type in IN_FULL:
        return condition
    return condition.model_copy(update={"message": cut(condition.message, MAX_REPEATED_LENGTH)})
