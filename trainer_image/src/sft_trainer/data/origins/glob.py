"""Which files a pattern names. Time is bounded by pattern times key, whatever both hold."""

from __future__ import annotations

from fnmatch import fnmatchcase

WILDCARDS = "*?["


def matches(pattern: str, key: str) -> bool:
    """Whether a key is named: `*` and `?` stay inside a folder, a part `**` stands for any number of folders."""
    reached = {0}  # how many parts of the key the pattern may have used up
    parts = key.split("/")
    for step in pattern.split("/"):
        if step == "**":
            reached = set(range(min(reached), len(parts) + 1)) if reached else set()
        else:
            reached = {used + 1 for used in reached if used < len(parts) and fnmatchcase(parts[used], step)}
        if not reached:
            return False
    return len(parts) in reached


def fixed_folder(pattern: str) -> str:
    """The folder below which everything lies that a pattern can name."""
    fixed = []
    for part in pattern.split("/")[:-1]:
        if any(wildcard in part for wildcard in WILDCARDS):
            break
        fixed.append(f"{part}/")
    return "".join(fixed)
