"""Who watches a preparation is told what it does and how far it is. Nobody does in a pod; the command line draws a bar."""

from __future__ import annotations


class Watch:
    """Told everything, and says nothing."""

    def begins(self, stage: str) -> None:
        """A stage, in words."""

    def has_read(self, rows: int, size: int) -> None:
        """So many more rows, of so many bytes, were read from the sources."""
