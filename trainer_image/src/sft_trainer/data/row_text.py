"""What a row says, as one text: all of it, or what is asked. Duplicates are looked for in it."""

from __future__ import annotations

from sft_trainer.contract import CompareBy
from sft_trainer.data.rows import Content

ASKING = frozenset({"system", "user"})


def row_text(content: Content, by: CompareBy = CompareBy.ROW) -> str:
    """The turns' texts, one below the other; with `Instruction` only those of the system and the user."""
    if by is CompareBy.INSTRUCTION:
        return "\n".join(message.content for message in content.messages if message.role in ASKING)
    return "\n".join(message.content for message in content.messages)
