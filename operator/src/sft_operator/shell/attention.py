"""Which objects are settled, and which still wait for something: those are looked at again when something changes."""

from __future__ import annotations

from sft_operator.shell.work_queue import Key


class Attention:
    """Every known object, with the version at which it was settled."""

    def __init__(self) -> None:
        self._settled_at: dict[Key, str] = {}
        self._waiting: set[Key] = set()

    def settled(self, key: Key, resource_version: str) -> None:
        """Nothing is left to do for the object as it stands."""
        self._settled_at[key] = resource_version
        self._waiting.discard(key)

    def waits(self, key: Key) -> None:
        """The object is at work, or waits for something."""
        self._settled_at.pop(key, None)
        self._waiting.add(key)

    def gone(self, key: Key) -> None:
        """The object does not exist any more."""
        self._settled_at.pop(key, None)
        self._waiting.discard(key)

    def is_settled(self, key: Key, resource_version: str) -> bool:
        """Whether nothing changed since the object was settled."""
        return self._settled_at.get(key) == resource_version

    def waiting(self, kind: str | None = None, namespace: str | None = None) -> list[Key]:
        """Objects that wait, of this kind and in this namespace."""
        return [key for key in self._waiting if kind in (None, key.kind) and namespace in (None, key.namespace)]
