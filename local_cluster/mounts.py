"""Mounts that kubelet and containerd leave behind when they are killed."""

from __future__ import annotations

from pathlib import Path

from local_cluster.command import succeeds

MOUNTS = Path("/proc/self/mountinfo")


def below(folder: Path, mountinfo: str) -> list[str]:
    """Mount points at or below a folder, deepest first; `mountinfo` is the text of MOUNTS."""
    points = [line.split()[4].replace("\\040", " ") for line in mountinfo.splitlines()]
    return sorted((p for p in points if p == str(folder) or p.startswith(f"{folder}/")), key=len, reverse=True)


def unmount_below(folder: Path) -> None:
    """Unmounts everything at or below a folder, lazily where it is busy."""
    for point in below(folder, MOUNTS.read_text()):
        if not succeeds("umount", point):
            succeeds("umount", "--lazy", point)
