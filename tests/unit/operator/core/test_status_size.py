"""What gives way when a status has too much to tell."""

from __future__ import annotations

from sft_operator.api.condition import Attempt, Failure
from sft_operator.api.instruction_dataset import InstructionDatasetStatus, RejectedRow
from sft_operator.api.sft_job_status import SampleStatus, SFTJobStatus
from sft_operator.core.status_size import MAX_BYTES, size, within_bounds
from tests.unit.operator.core.worlds import condition, ready_dataset, version


def attempts(count: int, length: int) -> list[Attempt]:
    return [Attempt(number=n, job_name="j" * 63, node="n" * 253, message="m" * length) for n in range(1, count + 1)]


def test_a_status_that_is_small_enough_is_left_as_it_is() -> None:
    status = SFTJobStatus(attempts=attempts(10, 128), plans=attempts(10, 128), phase="Training")
    assert size(status) < MAX_BYTES
    assert within_bounds(status) is status


def test_the_oldest_plans_give_way_first_and_as_many_as_are_looked_back_on_stay() -> None:
    samples = [SampleStatus(prompt="\u663e" * 256, before="\u663e" * 256, after="\u663e" * 256)] * 3
    status = SFTJobStatus(attempts=attempts(10, 128), plans=attempts(10, 256), samples=samples)
    shortened = within_bounds(status)
    assert size(shortened) <= MAX_BYTES < size(status)
    assert len(shortened.attempts) == 10
    assert 6 <= len(shortened.plans) < 10
    assert shortened.plans[-1].number == 10
    assert within_bounds(shortened) is shortened


def test_the_newest_attempts_stay_whatever_else_is_there() -> None:
    told = [condition("Ready", "False").model_copy(update={"message": "m" * 20_000})]
    shortened = within_bounds(SFTJobStatus(attempts=attempts(10, 256), plans=attempts(10, 256), conditions=told))
    assert [attempt.number for attempt in shortened.attempts] == [8, 9, 10]
    assert [plan.number for plan in shortened.plans] == [5, 6, 7, 8, 9, 10]


def test_of_texts_that_are_said_more_than_once_the_repetitions_are_cut() -> None:
    told = [condition(type, "False").model_copy(update={"message": "m" * 6000}) for type in ("Succeeded", "Ready", "Stalled")]
    shortened = within_bounds(SFTJobStatus(conditions=told))
    assert [len(each.message) for each in shortened.conditions] == [256, 6000, 256]


def test_a_dataset_loses_old_versions_then_attempts_then_rejected_rows() -> None:
    rejects = [RejectedRow(source="s", file="f" * 1024, line=line, reason="Empty") for line in range(5)]
    versions = [version(generation).model_copy(update={"uri": "u" * 1000}) for generation in range(10, 0, -1)]
    failure = Failure(reason="x", message="m" * 768, remedy="r" * 512)
    status = InstructionDatasetStatus(
        version=ready_dataset().status.version,
        versions=versions,
        attempts=attempts(10, 128),
        rejects=rejects,
        failure=failure,
    )
    shortened = within_bounds(status)
    assert size(shortened) <= MAX_BYTES
    assert shortened.versions == versions[: len(shortened.versions)], "the newest stay"
    assert (len(shortened.attempts), len(shortened.rejects)) == (10, 5)
