"""Shapes of other trainers, in which a version can be written beside its own."""

from __future__ import annotations

from enum import StrEnum


class ExportShape(StrEnum):
    """Whose shape it is."""

    LLAMA_FACTORY = "LlamaFactory"
    MS_SWIFT = "MsSwift"
    OPENAI = "OpenAI"
