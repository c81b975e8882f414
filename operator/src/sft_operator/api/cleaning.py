"""What is done to rows between reading and comparing them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sft_operator.api.api_model import LIST_SET, ApiModel, text
from sft_trainer.contract.clean import (
    MAX_ROW_CHARACTERS,
    ChineseScript,
    Protection,
    Refusing,
    Removing,
    Repairing,
    Thinking,
)

Language = Annotated[str, text("^(en|zh|ja|ko|other)$", "must be en, zh, ja, ko or other", max_length=5)]


class PersonalData(ApiModel):
    """E-mail addresses, phone numbers, Chinese identity cards and bank cards (by their check digits), public IP addresses."""

    action: Protection = Protection.MASK
    """Mask puts the kind in its place ([PHONE]); Pseudonymise the kind and a number that is the same within the row
    ([PHONE_1]); Reject rejects the row; Keep publishes it."""
    allow: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=254)]], Field(max_length=256, json_schema_extra=LIST_SET)
    ] = []
    """What is no personal data although it looks like it: a support address or number, or `@domain` for all addresses there."""


class Clean(ApiModel):
    """What is done to rows before they are compared. Defaults are safe for Chinese: widths and marks stay as they are."""

    control_characters: Removing = Removing.REMOVE
    """Invisible characters, overrides of direction, foreign line ends; joiners of emoji and scripts stay."""
    mojibake: Repairing = Repairing.REPAIR
    """Text that was decoded with the wrong encoding: repaired where it is certain what it was, else the row is rejected."""
    html: Removing = Removing.REMOVE
    """Tags and entities of web pages, but not in rows about programs, mark-up or formulas."""
    chinese_script: ChineseScript = ChineseScript.KEEP
    """Simplified or Traditional converts the characters of Chinese rows; their words stay."""
    thinking: Thinking = Thinking.KEEP
    """`<think>` blocks and reasoning: Keep learns them, Remove leaves them out, Reject rejects rows that have them."""
    repetition: Refusing = Refusing.REJECT
    """Answers that say the same over and over."""
    truncated_answers: Refusing = Refusing.KEEP
    """Long answers that end in the middle of a sentence or a block of code."""
    languages: Annotated[list[Language], Field(max_length=5, json_schema_extra=LIST_SET)] = []
    """Languages of the rows that are kept: en, zh, ja, ko, other; all when empty."""
    language_mismatch: Refusing = Refusing.KEEP
    """Answers in another language than the question, where none is asked for."""
    min_answer_characters: Annotated[int, Field(ge=1, le=100_000)] = 1
    """Characters that an answer must have, at least."""
    max_row_characters: Annotated[int, Field(ge=1, le=10_000_000)] = MAX_ROW_CHARACTERS
    """Characters that a row may have, at most."""
    length_outliers: Refusing = Refusing.KEEP
    """Rows far longer than the others: three interquartile ranges above the upper quartile of the logarithm."""
    refusals: Refusing = Refusing.KEEP
    """Answers that begin by refusing."""
    identity: Refusing = Refusing.REJECT
    """Answers in which a model says that it is ChatGPT or another one, or who made it."""
    personal_data: PersonalData = PersonalData()
    """What is done about personal data; where it is masked, it is masked in reports and rejected rows too."""
    secrets: Protection = Protection.MASK
    """The same for private keys and access tokens, which are told by their forms."""
