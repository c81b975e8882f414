"""Times as they stand in a status: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """For example `2026-01-31T12:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime:
    """The moment that `to_text`, or the API server, wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


EARLIEST_UNIX, LATEST_UNIX = 946_684_800, 7_258_118_400
"""The years 2000 to 2200."""


def from_unix(seconds: float) -> str | None:
    """A pod's clock reading as text; None for one that is no date of our time, for pods may say anything."""
    if not EARLIEST_UNIX <= seconds < LATEST_UNIX:
        return None
    return to_text(datetime.fromtimestamp(seconds, tz=UTC))
