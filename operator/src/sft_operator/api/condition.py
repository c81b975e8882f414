"""metav1.Condition, and the failure and attempt records that both namespaced kinds share in their status."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sft_operator.api.api_model import ApiModel, Message, Timestamp

ReasonText = Annotated[str, Field(max_length=64)]
JobName = Annotated[str, Field(max_length=63)]


class Condition(ApiModel):
    """One aspect of the object's state, as in metav1.Condition."""

    type: Annotated[str, Field(max_length=64)]
    """Which aspect."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: ReasonText
    """CamelCase word for programs."""
    message: Message
    """What was found, where, what it must be, what to do next."""
    observed_generation: int
    """metadata.generation that this was found for."""
    last_transition_time: Timestamp
    """When `status` last changed."""


class Failure(ApiModel):
    """Why the newest attempt failed, in words its user can act on."""

    reason: ReasonText
    """CamelCase word for programs."""
    message: Message
    """What was found, and where."""
    remedy: Message
    """What to do next."""
    exit_code: int | None = None
    """Exit code of the pod, when one ran."""


class Attempt(ApiModel):
    """One Job. `jobUID` is set once the Job exists; `endedAt` once its end is known."""

    number: int
    """Counts from 1."""
    job_name: JobName
    """Name of the Job."""
    job_uid: Annotated[str | None, Field(max_length=64, alias="jobUID")] = None
    """UID of the Job."""
    node: Annotated[str, Field(max_length=253)] | None = None
    """Node its pod ran on."""
    started_at: Timestamp | None = None
    """When the Job was created."""
    ended_at: Timestamp | None = None
    """When its end was seen."""
    exit_code: int | None = None
    """Exit code of its pod, when one ran."""
    reason: ReasonText | None = None
    """How it ended, as a CamelCase word."""
    message: Annotated[str, Field(max_length=256)] | None = None
    """How it ended, in few words."""
    last_committed_step: int | None = None
    """Training: newest checkpoint known when it was started; 0 is none."""
    resumed_from_step: int | None = None
    """Step of the checkpoint it went on from; 0 is the start."""
