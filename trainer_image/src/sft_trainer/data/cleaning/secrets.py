"""Keys and tokens that someone pasted. Their makers gave them beginnings by which they can be told from other text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sft_trainer.data.cleaning.personal_data import Sensitive

SECRET = "SECRET"  # noqa: S105 what stands in its place
_HINTS = ("PRIVATE KEY", "AKIA", "ASIA", "AIza", "eyJ", "LTAI", "AKID")
_HINTS_WITH_A_MARK = {
    "_": ("ghp_", "gho_", "ghs_", "github_pat_", "hf_", "sk_live_", "rk_live_"),
    "-": ("glpat-", "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "sk-"),
}
"""One of them stands in every secret that is known here. Most text has neither mark, and need not be searched for the rest."""
_FORMS = re.compile(
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"
    r"(?:(?:(?!-----BEGIN)[\s\S]){0,8000}?-----END [A-Z ]{0,20}PRIVATE KEY-----|[A-Za-z0-9+/=\s\\]{40,8000})"
    r"|(?:\b|(?<=\\[nrtbf]))(?:"  # behind an escaped line end, too: text may hold JSON or a program
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS
    r"|gh[pos]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}"
    r"|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,250}"  # Slack
    r"|AIza[0-9A-Za-z_-]{35}"  # Google
    r"|sk-(?=[A-Za-z_-]{0,100}[0-9])(?:proj-|ant-|or-)?[A-Za-z0-9_-]{20,200}"  # OpenAI, Anthropic, DeepSeek and others
    r"|hf_[A-Za-z0-9]{34}"  # Hugging Face
    r"|eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,2000}"  # JWT
    r"|LTAI[0-9A-Za-z]{12,20}"  # Alibaba Cloud
    r"|AKID[0-9A-Za-z]{32}"  # Tencent Cloud
    r"|[sr]k_live_[0-9A-Za-z]{24,99}"  # Stripe
    r")(?![A-Za-z0-9])"
)
_EXAMPLE = re.compile(r"EXAMPLE|x{8}|X{8}|(.)\1{9}|your|1234567890")
"""What documentation puts in a secret's place."""


def may_hold_secrets(text: str) -> bool:
    """A quick look that misses none."""
    holds = text.__contains__
    return any(map(holds, _HINTS)) or any(mark in text and any(map(holds, marked)) for mark, marked in _HINTS_WITH_A_MARK.items())


def find_secrets(text: str) -> Iterator[Sensitive]:
    """From left to right."""
    for found in _FORMS.finditer(text):
        if not _EXAMPLE.search(found[0]):
            yield Sensitive(found.start(), found.end(), SECRET)
