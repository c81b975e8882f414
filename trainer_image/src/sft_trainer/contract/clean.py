"""What cleaning does to rows. Every default is safe for Chinese: no NFKC, no narrowing of full-width characters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sft_trainer.contract.wire import ContractModel

MAX_ROW_CHARACTERS = 200_000
"""Three times what a context of 128k tokens holds of Chinese is more than any model here learns from one row."""


class Removing(StrEnum):
    """Of what is never meant to be there."""

    REMOVE = "Remove"
    KEEP = "Keep"


class Repairing(StrEnum):
    """Of what is broken."""

    REPAIR = "Repair"
    """Repaired where that is certain; a row that stays broken is rejected."""
    KEEP = "Keep"


class Refusing(StrEnum):
    """Of what a whole row may be rejected for."""

    REJECT = "Reject"
    KEEP = "Keep"


class Thinking(StrEnum):
    """What becomes of `<think>` blocks."""

    KEEP = "Keep"
    REMOVE = "Remove"
    REJECT = "Reject"


class ChineseScript(StrEnum):
    """Which characters Chinese is written in."""

    KEEP = "Keep"
    SIMPLIFIED = "Simplified"
    TRADITIONAL = "Traditional"


class Protection(StrEnum):
    """What becomes of something that must not be published."""

    MASK = "Mask"
    """Its kind stands in its place: [PHONE]."""
    PSEUDONYMISE = "Pseudonymise"
    """Its kind and a number, the same wherever it stands again in the row: [PHONE_1]."""
    REJECT = "Reject"
    KEEP = "Keep"


class PersonalDataSettings(ContractModel):
    """E-mail addresses, phone, identity card and bank card numbers, public IP addresses."""

    action: Protection = Protection.MASK
    allow: list[Annotated[str, Field(min_length=1, max_length=254)]] = []
    """What is no personal data although it looks like it: an address or number, or `@domain` for all addresses there."""


class CleanSettings(ContractModel):
    """What is done with each row between reading and comparing."""

    control_characters: Removing = Removing.REMOVE
    mojibake: Repairing = Repairing.REPAIR
    html: Removing = Removing.REMOVE
    chinese_script: ChineseScript = ChineseScript.KEEP
    thinking: Thinking = Thinking.KEEP
    repetition: Refusing = Refusing.REJECT
    truncated_answers: Refusing = Refusing.KEEP
    languages: list[str] = []
    """Languages of the rows that are kept; none keeps all."""
    language_mismatch: Refusing = Refusing.KEEP
    min_answer_characters: int = Field(default=1, ge=1)
    max_row_characters: int = Field(default=MAX_ROW_CHARACTERS, ge=1)
    refusals: Refusing = Refusing.KEEP
    identity: Refusing = Refusing.REJECT
    personal_data: PersonalDataSettings = PersonalDataSettings()
    secrets: Protection = Protection.MASK
    length_outliers: Refusing = Refusing.KEEP
