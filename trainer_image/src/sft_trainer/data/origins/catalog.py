"""A source by its name in the catalog becomes the source that the catalog describes."""

from __future__ import annotations

import difflib

from sft_trainer.contract import PrepareConfig, Reason
from sft_trainer.contract.source import FieldMap, HuggingFaceSource, Source
from sft_trainer.data.catalog.catalog import Entry, Shape, load_catalog
from sft_trainer.failure import invalid

ALPACA = {"prompt": "instruction", "input": "input", "response": "output", "system": "system", "history": "history"}


def resolve_sources(config: PrepareConfig) -> PrepareConfig:
    """Every source with its place. Raises TrainerFailure for a name that the catalog has not."""
    endpoint = config.network.hub_endpoint
    return config.model_copy(
        update={
            "sources": [resolve(source, endpoint) for source in config.sources],
            "evaluation_sources": [resolve(source, endpoint) for source in config.evaluation_sources],
        }
    )


def resolve(source: Source, endpoint: str) -> Source:
    """The same source with its place, and with the catalog's facts where its owner declares none."""
    if source.catalog is None:
        return source
    entries = load_catalog()
    entry = entries.get(source.catalog.name)
    if entry is None:
        near = difflib.get_close_matches(source.catalog.name, entries, n=3, cutoff=0.4)
        message = f"the catalog has no '{source.catalog.name}'" + (f"; it has {', '.join(near)}" if near else "")
        raise invalid(Reason.SOURCE_NOT_FOUND, message, "see docs/catalog.md for the names")
    place = HuggingFaceSource(
        repository=entry.repository.value,
        revision=source.catalog.revision or "main",
        files=entry.files.value,
        endpoint=endpoint,
        token_path=source.catalog.token_path,
    )
    declared = {
        "field_map": source.field_map or field_map_of(entry),
        # A licence that nobody has read is no licence: the card says that it is unknown.
        "license": source.license or entry.license.known,
        "language": source.language or ", ".join(entry.language.value),
        "domain": source.domain or entry.domain.value,
    }
    return source.model_copy(update={"catalog": None, "hugging_face": place} | declared)


def field_map_of(entry: Entry) -> FieldMap | None:
    """What the columns of a set mean. It is known what stands beside them, and that it may be left out."""
    columns = {"input" if name == "context" else name: column for name, column in entry.columns.value.items() if name != "tools"}
    if entry.shape.value is Shape.ALPACA:
        return FieldMap(**ALPACA)
    return FieldMap(**columns) if columns else None
