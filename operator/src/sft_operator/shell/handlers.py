"""What kopf calls for every event it sees. A handler decides nothing: it says which object to look at.

kopf logs and drops what a handler raises, and an event may be lost altogether; therefore nothing but the key may ever
be taken from one, except how a pod ended, which may be gone a moment later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kopf

from sft_operator.core import naming
from sft_operator.shell import bodies
from sft_operator.shell.attention import Attention
from sft_operator.shell.resources import DATASETS, JOBS, PODS, PROFILES, SFT_JOBS, Resource
from sft_operator.shell.terminated_pods import TerminatedPods
from sft_operator.shell.watch_canary import WatchCanary
from sft_operator.shell.work_queue import Key, WorkQueue

PARENT_KINDS = {"InstructionDataset": DATASETS, "SFTJob": SFT_JOBS}
CHILD_SELECTOR = naming.UID_LABEL
"""Jobs and pods are watched by this label; everything else in the cluster never reaches the operator."""


class Handlers:
    """The handlers, and what they need."""

    def __init__(self, queue: WorkQueue, attention: Attention, terminated_pods: TerminatedPods, canary: WatchCanary) -> None:
        self._queue = queue
        self._attention = attention
        self._terminated_pods = terminated_pods
        self._canary = canary

    def register(self) -> kopf.OperatorRegistry:
        """A registry with one handler a resource."""
        registry = kopf.OperatorRegistry()
        for kind, resource in PARENT_KINDS.items():
            _on_event(registry, resource, self._parent_handler(kind))
        _on_event(registry, PROFILES, self._on_profile)
        _on_event(registry, JOBS, self._on_child)
        _on_event(registry, PODS, self._on_pod)
        return registry

    def _parent_handler(self, kind: str) -> Callable[..., Any]:
        async def on_parent(event: kopf.RawEvent, **_: object) -> None:
            metadata = event["object"]["metadata"]
            key = Key(kind, str(metadata["namespace"]), str(metadata["name"]))
            self._canary.saw(key, str(metadata["resourceVersion"]))
            self._queue.add(key)
            if kind == "InstructionDataset":
                for waiting in self._attention.waiting("SFTJob", key.namespace):
                    self._queue.add(waiting)

        return on_parent

    async def _on_profile(self, **_: object) -> None:
        for key in self._attention.waiting():
            self._queue.add(key)

    async def _on_child(self, event: kopf.RawEvent, **_: object) -> None:
        metadata = event["object"]["metadata"]
        labels = metadata.get("labels") or {}
        kind, name = labels.get(naming.KIND_LABEL), labels.get(naming.NAME_LABEL)
        if kind in PARENT_KINDS and name:
            self._queue.add(Key(str(kind), str(metadata["namespace"]), str(name)))

    async def _on_pod(self, event: kopf.RawEvent, **_: object) -> None:
        self._terminated_pods.remember(bodies.pod(event["object"]))
        await self._on_child(event=event)


def _on_event(registry: kopf.OperatorRegistry, resource: Resource, handler: Callable[..., Any]) -> None:
    kopf.on.event(resource.group, resource.version, resource.plural, registry=registry)(handler)
