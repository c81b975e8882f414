"""How pods ended, kept from the watch until a status holds it: a pod may be deleted before anyone has read its message."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from sft_operator.core.observed import Pod

CAPACITY = 1000
"""A pod's record with its message takes 5 kB at most; a Job whose pod was forgotten is simply tried again."""


class TerminatedPods:
    """Pods that ended, by their UID; the oldest give way."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._pods: OrderedDict[str, Pod] = OrderedDict()

    def remember(self, pod: Pod) -> None:
        """Keeps the pod, if it has ended."""
        if pod.terminated is None:
            return
        self._pods[pod.uid] = pod
        self._pods.move_to_end(pod.uid)
        while len(self._pods) > self._capacity:
            self._pods.popitem(last=False)

    def complete(self, listed: Sequence[Pod], job_uids: set[str]) -> list[Pod]:
        """The pods that the API server lists, with the ends that were seen; and those it no longer lists."""
        by_uid = {pod.uid: pod for pod in self._pods.values() if pod.job_uid in job_uids}
        by_uid |= {pod.uid: pod for pod in listed if pod.terminated is not None or pod.uid not in by_uid}
        return list(by_uid.values())

    def forget(self, job_uids: set[str]) -> None:
        """Drops the pods of Jobs whose end a status holds."""
        for uid in [uid for uid, pod in self._pods.items() if pod.job_uid in job_uids]:
            del self._pods[uid]
