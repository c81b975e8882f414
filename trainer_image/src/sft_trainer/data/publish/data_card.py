"""README.md of a published version, with the front matter that Hugging Face's hub reads.

A version is its rows, and its first card stands with it. What is declared of its sources may be put right later: the card of each
preparation lies beside its report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sft_trainer.data.features.language_mix import OTHER
from sft_trainer.data.publish.licence import LicenceSummary, spdx_id, summarise

_SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M")]
"""Hugging Face's size_categories."""
_LARGEST = "10M<n<100M"
LANGUAGE_SHARE = 0.01
"""Rarer languages than one row in a hundred are not named in the front matter: they are stray rows more often than content."""


@dataclass(frozen=True, slots=True)
class SourceLineage:
    """Where rows of a version come from, as declared, and how many they are."""

    name: str
    rows: int
    location: str | None = None
    """Where it was read; never with a password or a signature."""
    revision: str | None = None
    """What pins it: a commit, an ETag, a digest."""
    licence: str | None = None
    language: str | None = None
    domain: str | None = None
    columns: Sequence[tuple[str, str]] = ()
    """Each column of its rows, with the reason why it was left out; empty for those that rows were made of."""


@dataclass(frozen=True, slots=True)
class DataCard:
    """What a card says."""

    name: str
    digest: str
    rows: Mapping[str, int]
    """By split."""
    languages: Mapping[str, int]
    """Rows by language."""
    sources: Sequence[SourceLineage]


def data_card(card: DataCard) -> str:
    """Markdown."""
    sources = sorted(card.sources, key=lambda source: source.name)
    licence = summarise((source.name, source.licence) for source in sources if source.rows)
    total = sum(card.rows.values())
    splits = [f"| {split} | {rows:,} |" for split, rows in card.rows.items()]
    languages = [f"| {_cell(name)} | {rows:,} | {100 * rows / max(total, 1):.1f} % |" for name, rows in _by_count(card.languages)]
    return "\n".join(
        [
            _front_matter(card, licence, total),
            f"# {_cell(card.name)}",
            "",
            f"Instruction data, prepared by sft-operator. Version `{card.digest}`.",
            "",
            *("| split | rows |", "|---|---:|", *splits, ""),
            *("| language | rows | share |", "|---|---:|---:|", *languages, ""),
            "## Licence",
            "",
            _licence_sentence(licence),
            *("", *(f"- {_cell(note)}" for note in licence.notes)),
            "",
            "This follows from what is declared for each source; it is not legal advice.",
            "",
            "## Sources",
            "",
            "| source | rows | licence | language | domain | location | revision |",
            "|---|---:|---|---|---|---|---|",
            *(_source_row(source) for source in sources),
            "",
            *_columns(sources),
            "## Rows",
            "",
            "Each row has `id` (sha256 of its content), `messages` and `meta` (source, file, line it was read from); rows with",
            "tools have them in `tools`, as JSON text. The version's name is the digest of its rows and their split: other rows",
            "have another name.",
            "",
        ]
    )


def _front_matter(card: DataCard, licence: LicenceSummary, total: int) -> str:
    """JSON values are YAML values: nothing a name holds can end the front matter."""
    languages = [name for name, rows in _by_count(card.languages) if name != OTHER and rows >= LANGUAGE_SHARE * total]
    fields: dict[str, object] = {"pretty_name": card.name, "license": licence.hugging_face}
    if licence.hugging_face == "other":
        fields["license_name"] = "several"
    if languages:
        fields["language"] = sorted(languages)
    fields |= {
        "size_categories": [_size(total)],
        "task_categories": ["text-generation"],
        "tags": ["instruction-tuning", "sft"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"{split}-*.parquet"} for split, rows in card.rows.items() if rows],
            }
        ],
    }
    return "\n".join(["---", *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()), "---"])


def _licence_sentence(licence: LicenceSummary) -> str:
    if licence.spdx:
        return f"The strictest licence of the sources is **{licence.spdx}**."
    if licence.unknown:
        return "**Unknown**, because the licence of a source is."
    return "**Several**: no single licence covers all sources." if licence.notes else "No source has rows."


def _source_row(source: SourceLineage) -> str:
    spdx = spdx_id(source.licence)
    licence = spdx or (f"{source.licence} (not known)" if source.licence else "not declared")
    cells = (source.name, f"{source.rows:,}", licence, source.language, source.domain, source.location, source.revision)
    return f"| {' | '.join(_cell(cell or '-') for cell in cells)} |"


def _columns(sources: Sequence[SourceLineage]) -> list[str]:
    """What of each source's rows is in the version, and what is not."""
    rows = [
        f"| {_cell(source.name)} | {_cell(name)} | {_cell(f'left out: {why}' if why else 'used')} |"
        for source in sources
        for name, why in source.columns
    ]
    return ["## Columns", "", "| source | column | |", "|---|---|---|", *rows, ""] if rows else []


def _cell(text: str) -> str:
    """Text that stays inside its cell and is no Markdown or HTML."""
    one_line = re.sub(r"\s+", " ", text)
    return re.sub(r"([\\|<>\[\]*`!#])", r"\\\1", "".join(letter for letter in one_line if letter.isprintable()))


def _by_count(rows: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(rows.items(), key=lambda item: (-item[1], item[0]))


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), _LARGEST)
