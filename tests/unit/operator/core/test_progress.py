"""Figures from an untrusted answer to what `kubectl get` shows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_operator.api.sft_job_status import JobProgress
from sft_operator.core.progress import at_end, in_hours, merged, turns
from sft_trainer.contract import Progress, TrainResult


def answer(**figures: Any) -> Progress:
    return Progress.model_validate(
        {"podUid": "uid", "phase": "Training", "step": 3, "totalSteps": 6, "updatedAt": 1772366400} | figures
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59, "59s"), (60, "1m00s"), (130, "2m10s"), (3600, "1h00m"), (11_100, "3h05m")]
)
def test_durations_are_short(seconds: int, text: str) -> None:
    assert in_hours(seconds) == text


@pytest.mark.parametrize(
    ("change", "news"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param({"step": 4, "loss": 1.0}, set(), id="a step"),
        pytest.param({"phase": "Publishing"}, {"phase Publishing"}, id="another phase"),
        pytest.param({"lastCommittedStep": 3}, {"checkpoint"}, id="a checkpoint"),
    ],
)
def test_what_is_written_at_once(change: dict[str, Any], news: set[str]) -> None:
    assert turns(answer(**change)) - turns(answer()) == news


def test_the_first_step_is_written_at_once() -> None:
    assert turns(answer(step=1)) - turns(answer(step=0)) == {"step"}


def test_the_pods_own_count_of_steps_takes_the_place_of_the_estimate() -> None:
    assert merged(None, answer(totalSteps=0), 12).total_steps == 12
    assert merged(None, answer(totalSteps=8), 12).total_steps == 8


def test_a_checkpoint_that_was_committed_stays_committed() -> None:
    before = JobProgress(last_committed_step=5, first_step_at="2026-03-01T12:00:00Z")
    fresh = merged(before, answer(step=0, phase="Starting"), 6)
    assert fresh.last_committed_step == 5
    assert fresh.first_step_at == "2026-03-01T12:00:00Z"


numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@given(
    step=st.integers(0, 10**30),
    total=st.integers(0, 10**30),
    loss=numbers,
    rate=st.none() | st.floats(0, allow_nan=False, allow_infinity=False),
    eta=st.none() | st.integers(0, 10**30),
    moment=st.floats(allow_nan=False, allow_infinity=False),
)
def test_no_figure_of_a_pod_breaks_the_bounds_of_the_status(
    step: int, total: int, loss: float | None, rate: float | None, eta: int | None, moment: float
) -> None:
    figures = {"step": step, "totalSteps": total, "loss": loss, "learningRate": rate, "tokensPerSecond": rate}
    progress = merged(None, answer(**figures, etaSeconds=eta, lastCommittedStep=step, updatedAt=moment), 12)
    checked = JobProgress.model_validate(progress.model_dump())
    assert checked.display is not None
    assert 0 <= checked.percent <= 100
    assert checked.updated_at is None or re.fullmatch(r"2[01]\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", checked.updated_at)
    assert max(checked.step, checked.total_steps, checked.eta_seconds or 0, checked.tokens_per_second or 0) < 2**53


def test_an_attempt_that_ended_leaves_what_it_reached() -> None:
    before = merged(None, answer(step=5, lastCommittedStep=4, etaSeconds=10, tokensPerSecond=7.0), 6)
    after = at_end(before, TrainResult(), is_finished=False)
    assert (after.step, after.last_committed_step, after.eta_seconds, after.phase) == (4, 4, None, None)
    finished = at_end(before, TrainResult(total_steps=6, last_committed_step=6), is_finished=True)
    assert (finished.step, finished.percent, finished.tokens_per_second) == (6, 100, 7)
