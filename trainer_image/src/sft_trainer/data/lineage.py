"""What a version's card says of the sources that its rows come from."""

from __future__ import annotations

from collections import Counter

from sft_trainer.contract import PrepareConfig
from sft_trainer.data.features.dataset_features import DatasetFeatures
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.masked_message import masked_message
from sft_trainer.data.publish.data_card import DataCard, SourceLineage
from sft_trainer.data.selection import Selection
from sft_trainer.data.sources import FilesOfSource, location_of
from sft_trainer.data.split import Splits


def card_of(config: PrepareConfig, rows: KeptRows, splits: Splits, features: DatasetFeatures, selection: Selection) -> DataCard:
    """The card of these rows; it lacks the version's digest, which is taken when the rows are written."""
    by_source = Counter(rows.source(number) for numbers in splits.values() for number in numbers)
    return DataCard(
        name=config.owner.name,
        digest="",
        rows={split: len(numbers) for split, numbers in splits.items()},
        languages=features.languages,
        sources=[
            SourceLineage(
                name=source.name,
                rows=by_source[source.name],
                location=location_of(source),
                revision=_revision(selection.files[source.name]),
                licence=source.license,
                language=source.language,
                domain=source.domain,
                columns=tuple(
                    (masked_message(use.name), "" if use.is_used else use.why) for use in selection.columns[source.name].uses()
                ),
            )
            for source in config.sources
            if by_source[source.name]
        ],
    )


def _revision(files: FilesOfSource) -> str | None:
    """The commit; else of one file what it is known by, and of several that the report lists them."""
    commits = sorted({file.revision for file, _ in files if file.revision})
    if commits:
        return ", ".join(commits)
    return files[0][0].identity if len(files) == 1 else f"{len(files)} files, listed in the report"
