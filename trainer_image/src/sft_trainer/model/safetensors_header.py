"""Reads what a safetensors file says of itself, without its weights (format: 8 bytes length, then JSON)."""

from __future__ import annotations

import json
import math
import os
import struct
from pathlib import Path

from sft_trainer.contract import Reason
from sft_trainer.failure import invalid

LENGTH_BYTES = 8
MAX_HEADER_BYTES = 100 << 20
"""The limit of the safetensors library itself."""


def count_parameters(path: Path) -> int:
    """Number of weights in one file."""
    with path.open("rb") as file:
        length = header_length(path)
        file.seek(LENGTH_BYTES)
        try:
            header = json.loads(file.read(length))
            return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(path) from error


def header_length(path: Path) -> int:
    """Bytes of the header's JSON."""
    with path.open("rb") as file:
        start = file.read(LENGTH_BYTES)
    length = int(struct.unpack("<Q", start)[0]) if len(start) == LENGTH_BYTES else 0
    if not 0 < length <= MAX_HEADER_BYTES:
        raise _unreadable(path)
    return length


def keep_only_header(path: Path) -> None:
    """Cuts the weights off a downloaded file: a plan needs none of them, and its disk need not hold the whole model."""
    os.truncate(path, LENGTH_BYTES + header_length(path))


def _unreadable(path: Path) -> Exception:
    remedy = "upload the file again, whole"
    return invalid(Reason.MODEL_UNSUPPORTED, f"{path.name} is not a safetensors file, or was cut short", remedy)
