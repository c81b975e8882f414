"""Joins keys and file names so that nothing a manifest or a user names can leave its folder."""

from __future__ import annotations

from pathlib import Path

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure

MAX_PART_BYTES = 255
"""The longest file name that Linux file systems take."""


class UnsafePath(TrainerFailure):
    """A name that could leave its folder, or that no file can have."""

    def __init__(self, path: str) -> None:
        found = f"the name {path[:200]!r} in the object store must be made of ordinary parts between single slashes"
        rule = "no part may be '..' or '.', hold a backslash or a control character, or be longer than 255 bytes"
        super().__init__(ExitCode.INVALID, Reason.INVALID_CONFIG, f"{found}: {rule}", "rename the object")


def checked(path: str) -> str:
    """The same path, if each of its parts is an ordinary name."""
    if not all(_is_ordinary(part) for part in path.split("/")):
        raise UnsafePath(path)
    return path


def _is_ordinary(part: str) -> bool:
    if part in ("", ".", "..") or "\\" in part or any(ord(character) < 32 for character in part):
        return False
    return len(part.encode(errors="surrogatepass")) <= MAX_PART_BYTES and not any("\ud800" <= c <= "\udfff" for c in part)


def inside(folder: Path, path: str) -> Path:
    """A file below a folder."""
    return folder / checked(path)
