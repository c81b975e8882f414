"""Joins keys and file names so that nothing a manifest or a user names can leave its folder."""

from __future__ import annotations

from pathlib import Path


class UnsafePath(ValueError):
    """A relative path that is none."""


def checked(path: str) -> str:
    """The same path, if each of its parts is an ordinary name."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\\" in part or any(ord(c) < 32 for c in part) for part in parts):
        raise UnsafePath(f"{path!r} must be a relative path without '..', backslashes or control characters")
    return path


def inside(folder: Path, path: str) -> Path:
    """A file below a folder."""
    return folder / checked(path)
