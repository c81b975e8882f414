"""Reads everything that a decision needs, from the API server itself and not from a cache, into one frozen record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from sft_operator.api.condition import Attempt
from sft_operator.api.instruction_dataset import InstructionDatasetSpec, InstructionDatasetStatus
from sft_operator.api.sft_job import SFTJobSpec
from sft_operator.api.sft_job_status import SFTJobStatus
from sft_operator.api.training_profile import TrainingProfileSpec
from sft_operator.core import naming, pod_trouble
from sft_operator.core.images import Images
from sft_operator.core.observed import (
    ChildJob,
    Children,
    DatasetSeen,
    DatasetWorld,
    Parent,
    Pod,
    Profile,
    SFTJobWorld,
    UnreadableProfile,
    Warned,
)
from sft_operator.shell import bodies
from sft_operator.shell.client import Body, Client, NotFound
from sft_operator.shell.progress_polling import ProgressPolling
from sft_operator.shell.resources import CORE_EVENTS, DATASETS, JOBS, PODS, PROFILES, SFT_JOBS, Resource
from sft_operator.shell.terminated_pods import TerminatedPods
from sft_operator.shell.work_queue import Key

MAX_WARNINGS = 50
"""Of one object; the API server forgets events after an hour, and only the newest of a reason are looked at."""
World = TypeVar("World", DatasetWorld, SFTJobWorld)
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Asking:
    """The object for which something is read."""

    parent: Parent
    resource_version: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The object as it was read: what a write must still find so."""

    parent: Parent
    status: InstructionDatasetStatus | SFTJobStatus
    resource_version: str


class UnreadableSpec(Exception):
    """A spec that the API server took and this operator cannot read, as after a downgrade. The text is for the user."""

    def __init__(self, subject: Subject, message: str) -> None:
        super().__init__(message)
        self.subject = subject


class UnreadableStatus(Exception):
    """A status that another version of the operator wrote. To write over it would lose it. The text is for the user."""

    def __init__(self, asking: Asking, message: str) -> None:
        super().__init__(message)
        self.parent = asking.parent
        self.resource_version = asking.resource_version


@dataclass(frozen=True, slots=True)
class Gathered(Generic[World]):
    """All that is decided upon, and the object it was read for."""

    world: World
    subject: Subject


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Reads for both kinds."""

    client: Client
    images: Images
    terminated_pods: TerminatedPods
    progress: ProgressPolling

    async def dataset(self, key: Key, now: datetime) -> Gathered[DatasetWorld] | None:
        """All that is decided upon for this InstructionDataset; None if it is gone."""
        body = await self._find(DATASETS, key)
        if body is None:
            return None
        parent = bodies.parent(body, "InstructionDataset")
        asking = Asking(parent, body["metadata"]["resourceVersion"])
        status = _status(body, InstructionDatasetStatus, asking)
        subject = Subject(parent, status, asking.resource_version)
        profiles, children = await asyncio.gather(self._profiles(), self._children(parent, status.attempts, now))
        world = DatasetWorld(
            parent=parent,
            spec=_spec(body, InstructionDatasetSpec, subject),
            status=status,
            profiles=profiles,
            images=self.images,
            children=children,
        )
        return Gathered(world, subject)

    async def sft_job(self, key: Key, now: datetime) -> Gathered[SFTJobWorld] | None:
        """All that is decided upon for this SFTJob; None if it is gone."""
        body = await self._find(SFT_JOBS, key)
        if body is None:
            return None
        parent = bodies.parent(body, "SFTJob")
        asking = Asking(parent, body["metadata"]["resourceVersion"])
        status = _status(body, SFTJobStatus, asking)
        subject = Subject(parent, status, asking.resource_version)
        spec = _spec(body, SFTJobSpec, subject)
        names = [] if status.resolved else [ref.name for ref in spec.datasets]
        profiles, children, datasets = await asyncio.gather(
            self._profiles(),
            self._children(parent, [*status.plans, *status.attempts], now),
            self._datasets(asking, names),
        )
        world = SFTJobWorld(
            parent=parent,
            spec=spec,
            status=status,
            profiles=profiles,
            images=self.images,
            datasets=datasets,
            children=children,
            progress=self.progress.newest(key),
        )
        return Gathered(world, subject)

    async def _find(self, resource: Resource, key: Key) -> Body | None:
        try:
            return await self.client.get(resource, key.namespace, key.name)
        except NotFound:
            return None

    async def _profiles(self) -> list[Profile | UnreadableProfile]:
        return [_profile(body) for body in await self.client.list(PROFILES)]

    async def _datasets(self, asking: Asking, names: Sequence[str]) -> dict[str, DatasetSeen]:
        keys = [Key("InstructionDataset", asking.parent.namespace, name) for name in names]
        found = await asyncio.gather(*(self._find(DATASETS, key) for key in keys))
        return {key.name: _dataset_seen(body, asking) for key, body in zip(keys, found, strict=True) if body is not None}

    async def _children(self, parent: Parent, attempts: Sequence[Attempt], now: datetime) -> Children:
        label = f"{naming.UID_LABEL}={parent.uid}"
        # Pods last: a Job that has ended by then never stands beside a list in which its pod still runs.
        job_bodies = await self.client.list(JOBS, parent.namespace, labels=label)
        pod_bodies = await self.client.list(PODS, parent.namespace, labels=label)
        jobs = [bodies.child_job(body) for body in job_bodies if bodies.is_owned_by(body, parent.uid)]
        job_uids = {job.uid for job in jobs} | {attempt.job_uid for attempt in attempts if attempt.job_uid}
        listed = [pod for pod in map(bodies.pod, pod_bodies) if pod.job_uid in job_uids]
        pods = self.terminated_pods.complete(listed, job_uids)
        return Children(jobs, pods, await self._warnings(parent.namespace, jobs, pods, now))

    async def _warnings(self, namespace: str, jobs: Sequence[ChildJob], pods: Sequence[Pod], now: datetime) -> list[Warned]:
        """What the cluster says of Jobs that should have a running pod by now."""
        uids: list[str] = []
        for job in jobs:
            its_pods = [pod for pod in pods if pod.job_uid == job.uid]
            if job.end is None and pod_trouble.is_overdue(job, its_pods, now):
                uids += [pod.uid for pod in its_pods] or [job.uid]
        lists = await asyncio.gather(*(self._warnings_about(namespace, uid) for uid in uids))
        return [warning for warnings in lists for warning in warnings]

    async def _warnings_about(self, namespace: str, uid: str) -> list[Warned]:
        fields = f"involvedObject.uid={uid},type=Warning"
        events = await self.client.list(CORE_EVENTS, namespace, fields=fields, limit=MAX_WARNINGS)
        return [bodies.warned(body) for body in sorted(events, key=bodies.event_time, reverse=True)]


def _spec(body: Body, model: type[Model], subject: Subject) -> Model:
    try:
        return model.model_validate(body["spec"])
    except ValidationError as error:
        raise UnreadableSpec(subject, _first_error("spec", error)) from error


def _status(body: Body, model: type[Model], asking: Asking) -> Model:
    """The status of the object, which is the asking one or named by it."""
    try:
        return model.model_validate(body.get("status") or {})
    except ValidationError as error:
        named = f"{body['kind']} '{body['metadata']['name']}': " if body["metadata"]["uid"] != asking.parent.uid else ""
        remedy = "run the version that wrote it, or delete the object and create it again"
        raise UnreadableStatus(asking, f"{named}{_first_error('status', error)}; {remedy}") from error


def _first_error(root: str, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join([root, *(str(part) for part in first["loc"])])
    return f"{field}: {first['msg']}; this version of the operator cannot read it"


def _profile(body: Body) -> Profile | UnreadableProfile:
    name = body["metadata"]["name"]
    try:
        return Profile(name, TrainingProfileSpec.model_validate(body["spec"]))
    except ValidationError as error:
        return UnreadableProfile(name, _first_error("spec", error))


def _dataset_seen(body: Body, asking: Asking) -> DatasetSeen:
    return DatasetSeen(body["metadata"]["generation"], _status(body, InstructionDatasetStatus, asking))
