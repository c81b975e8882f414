"""Carries out a decision, always in the same order: hand-over, status, ConfigMap, Job, deletions, Events.

Every step may be repeated, and the operator may die between any two of them: the status that stands first says what was
about to be done. The hand-over of a ConfigMap to its Job comes before the status that holds the Job's UID, so that it is
repeated until it is done.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TypeVar

from sft_operator.api import API_VERSION
from sft_operator.api.instruction_dataset import InstructionDatasetStatus
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.core.decision import Decision, JobDeletion, NewJob
from sft_operator.core.manifests.config_map import handed_over_to
from sft_operator.core.observed import ChildJob, Parent
from sft_operator.shell import bodies
from sft_operator.shell.client import AlreadyExists, Body, Client, NotFound, Refused
from sft_operator.shell.events import EventRecorder
from sft_operator.shell.gather import Subject
from sft_operator.shell.resources import CONFIG_MAPS, DATASETS, JOBS, SFT_JOBS, Resource

logger = logging.getLogger(__name__)

AnyStatus = TypeVar("AnyStatus", InstructionDatasetStatus, SFTJobStatus)
RESOURCES: dict[str, Resource] = {"InstructionDataset": DATASETS, "SFTJob": SFT_JOBS}


class ChildRefused(Exception):
    """The API server would not take a child, and would not take it again now. The text is for the user."""


class StatusRefused(Exception):
    """The API server would not take a status, so that nothing can be told by one. The text is for the user."""

    def __init__(self, subject: Subject, message: str) -> None:
        super().__init__(message)
        self.parent = subject.parent
        self.resource_version = subject.resource_version


@dataclass(frozen=True, slots=True)
class Executor:
    """The only part of the operator that writes."""

    client: Client
    recorder: EventRecorder

    async def execute(self, subject: Subject, decision: Decision[AnyStatus]) -> str:
        """Carries it out; the object's resourceVersion afterwards. Raises Conflict if the object changed meanwhile, StatusRefused
        or ChildRefused where the API server would not have it."""
        parent, resource_version = subject.parent, subject.resource_version
        if decision.hand_over is not None:
            await self._hand_over(parent, decision.hand_over)
        if decision.status != subject.status:
            resource_version = await self._write_status(subject, decision.status)
        if decision.create is not None:
            await self._create(parent, decision.create)
        for deletion in decision.delete:
            await self._delete(parent, deletion)
        for announcement in decision.announce:
            await self.recorder.record(parent, announcement)
        return resource_version

    async def _write_status(self, subject: Subject, status: InstructionDatasetStatus | SFTJobStatus) -> str:
        parent = subject.parent
        body = {
            "apiVersion": API_VERSION,
            "kind": parent.kind,
            "metadata": {"name": parent.name, "uid": parent.uid, "resourceVersion": subject.resource_version},
            "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        try:
            written = await self.client.apply_status(RESOURCES[parent.kind], parent.namespace, body)
        except Refused as refused:
            raise StatusRefused(
                subject,
                f"The API server refused the status of this {parent.kind}: {refused.message}. Nothing is started until it takes "
                "one: install the CRDs, the roles and the operator of the same release",
            ) from refused
        return str(written["metadata"]["resourceVersion"])

    async def _hand_over(self, parent: Parent, job: ChildJob) -> None:
        try:
            await self.client.merge(CONFIG_MAPS, parent.namespace, job.name, handed_over_to(job))
        except NotFound:
            # Someone deleted it: there is nothing left that could outlive its Job.
            return

    async def _create(self, parent: Parent, new: NewJob) -> None:
        name = new.job["metadata"]["name"]
        try:
            config_map = await self.client.apply(CONFIG_MAPS, parent.namespace, new.config_map)
            await self._create_once(parent, new, config_map)
        except Refused as refused:
            raise ChildRefused(f"The cluster refused Job '{name}': {refused.message}") from refused

    async def _create_once(self, parent: Parent, new: NewJob, config_map: Body) -> None:
        name = new.job["metadata"]["name"]
        try:
            await self.client.create(JOBS, parent.namespace, new.job)
        except AlreadyExists:
            await self._check_ours(parent, name)
        except Refused:
            if not await self._exists(parent, name):
                # The next attempt may have another name, and nothing else would ever take this one's config away.
                await self.client.delete(CONFIG_MAPS, parent.namespace, name, uid=config_map["metadata"]["uid"], is_leaf=True)
            raise
        else:
            _log("Created Job", parent, name)

    async def _exists(self, parent: Parent, name: str) -> bool:
        """Another operator may have been quicker, and a quota refuses before it is seen that the name is taken."""
        try:
            await self.client.get(JOBS, parent.namespace, name)
        except NotFound:
            return False
        return True

    async def _check_ours(self, parent: Parent, name: str) -> None:
        job = await self.client.get(JOBS, parent.namespace, name)
        if not bodies.is_owned_by(job, parent.uid):
            raise ChildRefused(f"A Job named '{name}' exists and does not belong to this {parent.kind}; delete it")

    async def _delete(self, parent: Parent, deletion: JobDeletion) -> None:
        await self.client.delete(JOBS, parent.namespace, deletion.name, uid=deletion.uid)
        _log("Deleted Job", parent, deletion.name)


def _log(what: str, parent: Parent, job: str) -> None:
    logger.info(what, extra={"kind": parent.kind, "namespace": parent.namespace, "object": parent.name, "job": job})
