"""Reads what a safetensors file says of itself, without its weights (format: 8 bytes length, then JSON)."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

from sft_trainer.contract import Reason
from sft_trainer.failure import invalid

MAX_HEADER_BYTES = 100 << 20
"""The limit of the safetensors library itself."""


def count_parameters(path: Path) -> int:
    """Number of weights in one file."""
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 0 < length <= MAX_HEADER_BYTES:
            raise _unreadable(path)
        try:
            header = json.loads(file.read(length))
            return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(path) from error


def _unreadable(path: Path) -> Exception:
    remedy = "upload the file again, whole"
    return invalid(Reason.MODEL_UNSUPPORTED, f"{path.name} is not a safetensors file, or was cut short", remedy)
