"""A termination message always fits where the kubelet keeps it, as whole JSON."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.contract import (
    MAX_TERMINATION_MESSAGE_BYTES,
    Accounting,
    Reason,
    RejectedRow,
    Sample,
    TerminationMessage,
    TrainResult,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=30).flatmap(
    lambda unit: st.integers(1, 200).map(lambda times: unit * times)
)


@given(message=TEXT, remedy=TEXT, file=TEXT, prompt=TEXT, answer=TEXT)
def test_every_message_fits_and_keeps_how_it_ended(message: str, remedy: str, file: str, prompt: str, answer: str) -> None:
    samples = [Sample(prompt=prompt, before=answer, after=answer)] * 3
    rejects = [RejectedRow(source="faq", file=file, line=1, reason="NotJson")] * 5
    whole = TerminationMessage(
        pod_uid="u",
        attempt=1,
        exit_code=10,
        reason=Reason.NO_ROWS_KEPT,
        message=message,
        remedy=remedy,
        accounting=Accounting(read=1, kept=0, rejected={"NotJson": 1}),
        rejects=rejects,
        train=TrainResult(samples=samples),
    )
    fitted = whole.fit()
    assert len(fitted.to_json().encode()) <= MAX_TERMINATION_MESSAGE_BYTES
    assert TerminationMessage.model_validate_json(fitted.to_json()) == fitted
    assert (fitted.exit_code, fitted.reason, fitted.accounting) == (10, Reason.NO_ROWS_KEPT, whole.accounting)


def test_a_short_message_stays_as_it_is() -> None:
    message = TerminationMessage(pod_uid="u", attempt=1, exit_code=0, reason=Reason.COMPLETED, message="m", remedy="r")
    assert message.fit() == message


@given(st.text(st.characters(categories=["Cs", "L", "P"]), max_size=2000))
def test_half_a_surrogate_pair_is_replaced_and_nothing_else(text: str) -> None:
    """A model's config.json may hold one; no UTF-8 does."""
    said = TerminationMessage(
        pod_uid="u",
        attempt=1,
        exit_code=0,
        reason=Reason.COMPLETED,
        message=text,
        remedy="r",
        train=TrainResult(samples=[Sample(prompt=text, before="", after="")], train_loss=1e-5),
    ).fit()
    document = said.to_json()
    assert len(document.encode()) <= MAX_TERMINATION_MESSAGE_BYTES
    read = TerminationMessage.model_validate_json(document)
    assert read.message == said.message.encode(errors="replace").decode()
    assert (read.remedy, read.reason, read.train and read.train.train_loss) == ("r", Reason.COMPLETED, 1e-5)
