"""Do the sources still hold what a version was made from? Told by ETag, commit or checksum, without reading a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from sft_trainer.contract import Drift, NetworkSettings, Reason, Source, SourceCheckConfig
from sft_trainer.data.origins.fetch import identities
from sft_trainer.data.publish.report import Report
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.store.object_store import ObjectNotFound, ObjectTooLarge, open_store

MAX_REPORT_BYTES = 64 << 20
"""Some 200,000 files with names of 100 bytes; parsed it takes ten times as much memory."""
SHOWN_FILES = 3
SHOWN_CHARACTERS = 80
UNCHANGED = "the sources are what the version was made from"


@dataclass(frozen=True, slots=True)
class SourceDrift:
    """The files of one source that differ, in the order of their keys."""

    name: str
    changed: Sequence[str]
    added: Sequence[str]
    removed: Sequence[str]


@dataclass(frozen=True, slots=True)
class FoundDrift:
    """All sources."""

    sources: Sequence[SourceDrift]

    @property
    def counts(self) -> Drift:
        """How many files."""
        return Drift(
            changed=sum(len(source.changed) for source in self.sources),
            added=sum(len(source.added) for source in self.sources),
            removed=sum(len(source.removed) for source in self.sources),
        )


def drift_of(config: SourceCheckConfig) -> FoundDrift:
    """Lists the sources and compares. Raises TrainerFailure when a source or the report cannot be read."""
    read = _files_read(config)
    return FoundDrift(
        [_compare(source.name, read.get(source.name, {}), _files_now(source, config.network)) for source in config.sources]
    )


def _files_read(config: SourceCheckConfig) -> dict[str, dict[str, str]]:
    """By source: what each file that was read was known by."""
    store = open_store(config.run)
    try:
        report = Report.model_validate_json(store.read("report.json", MAX_REPORT_BYTES))
    except (ObjectNotFound, ObjectTooLarge, ValidationError) as error:
        message = f"{store.uri}report.json, which says what the version was made from, is gone or not a report"
        raise invalid(Reason.DATASET_CORRUPT, message, "raise spec.run to make the version again") from error
    return {source.name: {file.file: file.identity for file in source.detections} for source in report.sources}


def _files_now(source: Source, network: NetworkSettings) -> dict[str, str]:
    try:
        return identities(source, network)
    except TrainerFailure as failure:
        if failure.reason is Reason.SOURCE_NOT_FOUND:
            return {}
        raise


def _compare(name: str, before: Mapping[str, str], now: Mapping[str, str]) -> SourceDrift:
    return SourceDrift(
        name,
        changed=sorted(key for key in before.keys() & now.keys() if now[key] and before[key] != now[key]),
        added=sorted(now.keys() - before.keys()),
        removed=sorted(before.keys() - now.keys()),
    )


def in_words(found: FoundDrift) -> str:
    """For people: which files of which source."""
    said = []
    for source in found.sources:
        kinds = (("changed", source.changed), ("new", source.added), ("gone", source.removed))
        parts = [f"{len(keys)} {kind} ({_shown(keys)})" for kind, keys in kinds if keys]
        if parts:
            said.append(f"source '{source.name}': {', '.join(parts)}")
    return "; ".join(said) or UNCHANGED


def _shown(keys: Sequence[str]) -> str:
    names = [key if len(key) <= SHOWN_CHARACTERS else f"...{key[-SHOWN_CHARACTERS:]}" for key in keys[:SHOWN_FILES]]
    return ", ".join([*names, *(["..."] if len(keys) > SHOWN_FILES else [])])
