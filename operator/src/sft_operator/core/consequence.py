"""What an attempt's end means for the object: when the next attempt starts, or that there is none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sft_operator.api.condition import Attempt, Failure
from sft_operator.api.reasons import Reason
from sft_operator.core import timestamps
from sft_operator.core.attempts import INTERRUPTIONS, ended_in_a_row
from sft_operator.core.conditions import Moment
from sft_operator.core.retry_policy import (
    FIRST_DELAY_SECONDS,
    MAX_INTERRUPTED_PREPARATIONS,
    MAX_PREPARATION_RETRIES,
    OUTAGES,
    OUTAGES_OF_PREPARATIONS,
    Ending,
    Verdict,
    retry_delay_seconds,
)
from sft_operator.core.text import cut

MAX_FAILURE_LENGTH = 768
MAX_REMEDY_LENGTH = 512
"""In bytes; both stand once more, together, in the message of three conditions."""
FIND_QUIETER_NODES = "use a profile whose pods are displaced less often, then raise spec.run"


@dataclass(frozen=True, slots=True)
class Consequence:
    """How the object stands after an attempt that did not reach its aim."""

    failure: Failure
    retry_count: int
    retry_after: str | None
    """When the next attempt starts; None if there is none."""


def consequence(
    ending: Ending,
    attempts: Sequence[Attempt],
    *,
    retry_count: int,
    max_retries: int,
    moment: Moment,
    outages: Collection[str] = OUTAGES,
) -> Consequence:
    """What follows for the newest of `attempts`: counts the retry, and waits longer after each one."""
    if ending.verdict is Verdict.IGNORE:
        return Consequence(failure_of(ending), retry_count, _later(moment, FIRST_DELAY_SECONDS))
    if ending.verdict is Verdict.RETRY and str(ending.reason) in outages:
        delay = retry_delay_seconds(ended_in_a_row(attempts, outages))
        return Consequence(failure_of(ending), retry_count, _later(moment, delay))
    if ending.verdict is Verdict.RETRY and retry_count < max_retries:
        after = _later(moment, retry_delay_seconds(retry_count + 1))
        return Consequence(failure_of(ending), retry_count + 1, after)
    note = f" (after {retry_count} retries)" if ending.verdict is Verdict.RETRY and retry_count else ""
    return Consequence(failure_of(ending, note), retry_count, None)


def consequence_for_preparation(ending: Ending, attempts: Sequence[Attempt], *, retry_count: int, moment: Moment) -> Consequence:
    """The same for an attempt that starts from nothing each time, and must end at last."""
    interruptions = ended_in_a_row(attempts, INTERRUPTIONS)
    if ending.verdict is not Verdict.IGNORE:
        return consequence(
            ending,
            attempts,
            retry_count=retry_count,
            max_retries=MAX_PREPARATION_RETRIES,
            moment=moment,
            outages=OUTAGES_OF_PREPARATIONS,
        )
    if interruptions < MAX_INTERRUPTED_PREPARATIONS:
        return Consequence(failure_of(ending), retry_count, _later(moment, retry_delay_seconds(interruptions)))
    message = f"{interruptions} attempts in a row were interrupted before they were done: {ending.message}"
    given_up = replace(ending, verdict=Verdict.FAIL, reason=Reason.NO_PROGRESS, message=message, remedy=FIND_QUIETER_NODES)
    return Consequence(failure_of(given_up), retry_count, None)


def failure_of(ending: Ending, note: str = "") -> Failure:
    """The end as the status tells it."""
    return Failure(
        reason=str(ending.reason),
        message=cut(ending.message, MAX_FAILURE_LENGTH - len(note)) + note,
        remedy=cut(ending.remedy, MAX_REMEDY_LENGTH),
        exit_code=ending.exit_code,
    )


def _later(moment: Moment, seconds: int) -> str:
    return timestamps.to_text(moment.now + timedelta(seconds=seconds))


def seconds_until(text: str, moment: Moment) -> float:
    """How long it is until then; 0 when that is past."""
    return max(0.0, (timestamps.from_text(text) - moment.now).total_seconds())


def in_words(failure: Failure) -> str:
    """Message and remedy as one text."""
    return f"{failure.message.rstrip('.')}. {failure.remedy}".rstrip() if failure.remedy else failure.message
