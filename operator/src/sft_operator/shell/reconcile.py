"""gather, decide, execute: all that is ever done with a key of the work queue."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sft_operator.api.condition import Attempt
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.core.dataset.decide import decide as decide_dataset
from sft_operator.core.decision import Decision
from sft_operator.core.observed import Children, Pod
from sft_operator.core.sftjob.decide import decide as decide_sft_job
from sft_operator.shell.attention import Attention
from sft_operator.shell.client import Conflict
from sft_operator.shell.execute import AnyStatus, AnyWorld, ChildRefused, Done, Executor
from sft_operator.shell.gather import Gathered, Gatherer
from sft_operator.shell.work_queue import Key, WorkQueue

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Reconciler:
    """Works on one key at a time, each with everything read anew."""

    gatherer: Gatherer
    executor: Executor
    attention: Attention
    queue: WorkQueue | None = None
    """Set once the queue exists, which in turn is made with this reconciler."""
