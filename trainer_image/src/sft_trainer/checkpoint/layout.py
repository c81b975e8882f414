"""Names of checkpoints: `step-00000100-a2-1a2b3c4d/`. The attempt and the pod in it fence one pod's writes from another's."""

from __future__ import annotations

import re
from dataclasses import dataclass

FOLDER = "checkpoints/"
KIND = "Checkpoint"
REQUIRED_FILES = ("adapter_model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json")
"""Without one of these the trainer would go on in silence with a fresh optimizer, schedule or random state."""
_NAME = re.compile(r"^step-(\d{8})-a(\d{1,6})-([0-9a-z-]{1,8})$")


@dataclass(frozen=True, slots=True, order=True)
class CheckpointName:
    """Ordered by step, then attempt: the greatest is the newest."""

    step: int
    attempt: int
    pod: str

    def __str__(self) -> str:
        return f"step-{self.step:08d}-a{self.attempt}-{self.pod}"

    @property
    def prefix(self) -> str:
        """Where it lies below the run's folder."""
        return f"{FOLDER}{self}/"


def parse_name(text: str) -> CheckpointName | None:
    """The name in a key's path part, or None when it is none of ours."""
    found = _NAME.match(text)
    return CheckpointName(int(found[1]), int(found[2]), found[3]) if found else None
