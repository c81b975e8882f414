"""What the declared licences of several sources together allow: every condition of every one of them.

It compares what is declared; it knows nothing of the law, nor whether a declaration is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sft_trainer.contract.wire import ContractModel

UNKNOWN, MIXED = "unknown", "other"
"""Words of Hugging Face's cards for: not declared, and several that no single one covers."""

PERMISSIVE = frozenset(
    """CC0-1.0 PDDL-1.0 Unlicense MIT Apache-2.0 BSD-2-Clause BSD-3-Clause ISC CC-BY-2.0 CC-BY-2.5 CC-BY-3.0 CC-BY-4.0 ODC-By-1.0
    CDLA-Permissive-1.0 CDLA-Permissive-2.0 MulanPSL-2.0 AFL-3.0
    Artistic-2.0 BSL-1.0 Zlib WTFPL""".split()  # noqa: SIM905
)
_PUBLIC_DOMAIN = frozenset("CC0-1.0 PDDL-1.0 Unlicense WTFPL".split())  # noqa: SIM905 - a word list reads better so
SHARE_ALIKE = frozenset(
    """CC-BY-SA-2.0 CC-BY-SA-3.0 CC-BY-SA-4.0 ODbL-1.0 CDLA-Sharing-1.0 GPL-2.0-only GPL-3.0-only AGPL-3.0-only LGPL-3.0-only
    MPL-2.0""".split()  # noqa: SIM905 - a word list reads better so
)
NON_COMMERCIAL = frozenset("CC-BY-NC-2.0 CC-BY-NC-3.0 CC-BY-NC-4.0".split())  # noqa: SIM905 - a word list reads better so
NON_COMMERCIAL_SHARE_ALIKE = frozenset("CC-BY-NC-SA-2.0 CC-BY-NC-SA-3.0 CC-BY-NC-SA-4.0".split())  # noqa: SIM905
NO_DERIVATIVES = frozenset("CC-BY-ND-3.0 CC-BY-ND-4.0 CC-BY-NC-ND-3.0 CC-BY-NC-ND-4.0".split())  # noqa: SIM905
KNOWN = PERMISSIVE | SHARE_ALIKE | NON_COMMERCIAL | NON_COMMERCIAL_SHARE_ALIKE | NO_DERIVATIVES

_ALIASES = {
    "apache": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache20": "Apache-2.0",
    "cc0": "CC0-1.0",
    "bsd": "BSD-3-Clause",
    "gpl2": "GPL-2.0-only",
    "gpl20": "GPL-2.0-only",
    "gpl3": "GPL-3.0-only",
    "gpl30": "GPL-3.0-only",
    "agpl3": "AGPL-3.0-only",
    "agpl30": "AGPL-3.0-only",
    "lgpl3": "LGPL-3.0-only",
    "lgpl30": "LGPL-3.0-only",
    "odcby": "ODC-By-1.0",
    "odbl": "ODbL-1.0",
    "pddl": "PDDL-1.0",
}
_HUGGING_FACE = {
    "ODC-By-1.0": "odc-by", "ODbL-1.0": "odbl", "PDDL-1.0": "pddl", "GPL-2.0-only": "gpl-2.0", "GPL-3.0-only": "gpl-3.0",
    "AGPL-3.0-only": "agpl-3.0", "LGPL-3.0-only": "lgpl-3.0",
}  # fmt: skip
"""Where Hugging Face's identifier is not SPDX's in lower case (hub documentation, list of licences)."""


class LicenceSummary(ContractModel):
    """What holds for the rows of all sources together."""

    spdx: str | None = None
    """The one licence that has every condition of all; None where there is none, or something is unknown."""
    hugging_face: str
    """The same as Hugging Face writes it in a card: an identifier, `other` or `unknown`."""
    is_non_commercial: bool
    is_share_alike: bool
    forbids_derivatives: bool
    unknown: list[str]
    """Sources without a licence, or with one that is not in the list."""
    notes: list[str]
    """What a reader must know, in sentences."""


def spdx_id(declared: str | None) -> str | None:
    """The SPDX identifier that a declaration means, or None. Spaces, hyphens and case do not matter: `CC BY-NC 4.0`."""
    squeezed = re.sub(r"\b(?:the|licen[cs]e|version)\b|\bv(?=\d)|[^a-z0-9]", "", (declared or "").lower())
    return _BY_SQUEEZED.get(squeezed) or _ALIASES.get(squeezed)


_BY_SQUEEZED = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in KNOWN}
_BY_SQUEEZED |= {squeezed.removesuffix("only"): name for squeezed, name in _BY_SQUEEZED.items()}


def summarise(declared: Iterable[tuple[str, str | None]]) -> LicenceSummary:
    """Of (source, declared licence)."""
    by_source = {source: spdx_id(licence) for source, licence in declared}
    known = {licence for licence in by_source.values() if licence}
    unknown = sorted(source for source, licence in by_source.items() if licence is None)
    conditions = {name: bool(known & members) for name, members in _CONDITIONS.items()}
    strictest = None if unknown else _covering(known)
    return LicenceSummary(
        spdx=strictest,
        hugging_face=_hugging_face(strictest) if strictest else UNKNOWN if unknown or not known else MIXED,
        is_non_commercial=conditions["non-commercial"],
        is_share_alike=conditions["share-alike"],
        forbids_derivatives=conditions["no derivatives"],
        unknown=unknown,
        notes=_notes(unknown, known, conditions, strictest),
    )


_CONDITIONS = {
    "non-commercial": NON_COMMERCIAL | NON_COMMERCIAL_SHARE_ALIKE | {name for name in NO_DERIVATIVES if "-NC-" in name},
    "share-alike": SHARE_ALIKE | NON_COMMERCIAL_SHARE_ALIKE,
    "no derivatives": NO_DERIVATIVES,
}


def _conditions_of(licence: str) -> set[str]:
    return {name for name, members in _CONDITIONS.items() if licence in members}


def _covering(known: set[str]) -> str | None:
    """The licence among them that has every condition of every other and may stand for it: its own terms share-alike demands."""
    wanted: set[str] = set().union(*map(_conditions_of, known)) if known else set()
    covering = sorted(licence for licence in known if _conditions_of(licence) == wanted)
    bound = {licence for licence in known if licence in _CONDITIONS["share-alike"]}
    if len({_family(licence) for licence in bound}) > 1:
        return None
    if not covering:
        return None
    return max(
        covering, key=lambda licence: (licence not in _PUBLIC_DOMAIN, _has_more_terms(licence), _version(licence), licence)
    )


def _family(licence: str) -> str:
    """Creative Commons' share-alike licences let what is made be under a later version of the same licence."""
    return re.sub(r"-[0-9.]+$", "", licence) if licence.startswith("CC-") else licence


def _version(licence: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", licence))


def _has_more_terms(licence: str) -> int:
    """Among permissive ones: Apache's terms on patents and notices, then those that ask for attribution in what is published."""
    return {"Apache-2.0": 2, "MulanPSL-2.0": 2}.get(licence, 1 if licence.startswith(("CC-BY", "ODC")) else 0)


def _hugging_face(licence: str) -> str:
    return _HUGGING_FACE.get(licence, licence.lower())


def _notes(unknown: list[str], known: set[str], conditions: dict[str, bool], strictest: str | None) -> list[str]:
    notes = []
    if unknown:
        notes.append(f"No licence is known for: {', '.join(unknown)}. Nothing may be assumed to be allowed with these rows.")
    if conditions["no derivatives"]:
        notes.append("At least one source forbids that changed versions are passed on; this dataset is one.")
    if conditions["non-commercial"]:
        notes.append("At least one source is for non-commercial use only.")
    if conditions["share-alike"]:
        notes.append("At least one source demands that what is made of it is passed on under the same licence.")
    if len({_family(licence) for licence in known & _CONDITIONS["share-alike"]}) > 1:
        notes.append("Several of the licences demand to be the licence of the whole; together they cannot be met.")
    elif known and not unknown and strictest is None:
        notes.append("No single licence of the sources has all their conditions; each row stays under its own source's licence.")
    return notes
