"""Notices a watch that has silently died: an object that the API server lists as changed, and no event told so."""

from __future__ import annotations

from collections.abc import Mapping

from sft_operator.shell.work_queue import Key


class WatchCanary:
    """The newest version seen of each object, by watch; compared with what a list shows."""

    def __init__(self) -> None:
        self._seen: dict[Key, str] = {}
        self._doubted: dict[Key, str] = {}
        """Versions that a list showed and no event had, at the comparison before."""
        self._missed = 0

    def saw(self, key: Key, resource_version: str) -> None:
        """An event came for this object."""
        self._seen[key] = resource_version
        self._doubted.pop(key, None)

    def compare(self, listed: Mapping[Key, str]) -> None:
        """Counts the objects for which no event came since the comparison before, although they had changed by then."""
        self._seen = {key: version for key, version in self._seen.items() if key in listed}
        differing = {key: version for key, version in listed.items() if self._seen.get(key) != version}
        self._missed = sum(1 for key in differing if key in self._doubted)
        self._doubted = differing

    @property
    def missed(self) -> int:
        """Objects whose changes the watch did not tell; none while it lives."""
        return self._missed
