"""What a version's card says of the sources that its rows come from."""

from __future__ import annotations

from collections import Counter

from sft_trainer.contract import PrepareConfig
from sft_trainer.data.features.dataset_features import DatasetFeatures
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.publish.data_card import DataCard, SourceLineage
from sft_trainer.data.sources import location_of
from sft_trainer.data.split import Splits


def card_of(config: PrepareConfig, rows: KeptRows, splits: Splits, features: DatasetFeatures) -> DataCard:
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
                licence=source.license,
                language=source.language,
                domain=source.domain,
            )
            for source in config.sources
            if by_source[source.name]
        ],
    )
