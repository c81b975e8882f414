"""A pod's last words: at most 4 KiB, in the termination log and as exit record in the store."""

from __future__ import annotations

import json

from sft_trainer.contract.exit import Reason
from sft_trainer.contract.plan import PlanResult
from sft_trainer.contract.prepare import Accounting, PrepareResult, RejectedRow
from sft_trainer.contract.source_check import Drift
from sft_trainer.contract.train import Sample, TrainResult
from sft_trainer.contract.wire import CONTRACT_VERSION, MAX_TERMINATION_MESSAGE_BYTES, ContractModel


class TerminationMessage(ContractModel):
    """How a pod ended: written to the termination log and, the same, to the store as exit record."""

    contract_version: int = CONTRACT_VERSION
    pod_uid: str
    attempt: int
    exit_code: int
    reason: Reason
    message: str
    """One or two sentences: what was found, where, what it must be."""
    remedy: str = ""
    """What the user can do next."""
    accounting: Accounting | None = None
    """Also of a preparation that failed: how many rows it read and why it kept none."""
    rejects: list[RejectedRow] = []
    report_uri: str | None = None
    """Of a preparation whose rows did not pass the gates; one that published names it in its result."""
    prepare: PrepareResult | None = None
    plan: PlanResult | None = None
    drift: Drift | None = None
    train: TrainResult | None = None

    def fit(self, max_bytes: int = MAX_TERMINATION_MESSAGE_BYTES) -> TerminationMessage:
        """The same message, made to fit: samples, then rejected rows, then the tail of the text give way."""
        candidate: TerminationMessage = self
        for shrink in (_shorten_samples, _drop_samples, _drop_rejects, _shorten_text):
            if len(candidate.to_json().encode()) <= max_bytes:
                return candidate
            candidate = shrink(candidate)
        return candidate


MAX_SAMPLE_TEXT_BYTES = 280
MAX_MESSAGE_TEXT_BYTES = 1000
"""As JSON. So chosen that three samples, or a message with its remedy, fit below 4 KiB in any language."""


def _cut(text: str, max_bytes: int) -> str:
    """The beginning of a text that takes no more than so many bytes as JSON, where a character takes one to six."""
    if _json_bytes(text) <= max_bytes:
        return text
    while (excess := _json_bytes(text) + 3 - max_bytes) > 0:
        text = text[: -max(1, excess // 6)]
    return text + "..."


def _json_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode(errors="replace")) - 2


def _shorten_samples(message: TerminationMessage) -> TerminationMessage:
    if message.train is None:
        return message
    samples = [
        Sample(**{field: _cut(text, MAX_SAMPLE_TEXT_BYTES) for field, text in sample.model_dump().items()})
        for sample in message.train.samples
    ]
    return message.model_copy(update={"train": message.train.model_copy(update={"samples": samples})})


def _drop_samples(message: TerminationMessage) -> TerminationMessage:
    if message.train is None:
        return message
    return message.model_copy(update={"train": message.train.model_copy(update={"samples": []})})


def _drop_rejects(message: TerminationMessage) -> TerminationMessage:
    prepare = message.prepare.model_copy(update={"rejects": []}) if message.prepare else None
    return message.model_copy(update={"rejects": [], "prepare": prepare})


def _shorten_text(message: TerminationMessage) -> TerminationMessage:
    cut = {name: _cut(text, MAX_MESSAGE_TEXT_BYTES) for name, text in (("message", message.message), ("remedy", message.remedy))}
    return message.model_copy(update=cut)
