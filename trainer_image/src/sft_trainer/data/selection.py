"""Which rows are kept, when all are there: those that repeat neither an evaluation row nor one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sft_trainer.contract import Accounting, DuplicateAction, PrepareConfig, Refusing
from sft_trainer.data.cleaning.changes import Changes
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.duplicates import DUPLICATE, NEAR_DUPLICATE, all_but_the_first
from sft_trainer.data.evaluation_texts import CONTAMINATED, contaminated_rows
from sft_trainer.data.intake import Intake
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.length_outliers import LENGTH_OUTLIER, length_outliers
from sft_trainer.data.near_duplicates.clusters import Clusters
from sft_trainer.data.sampling import NOT_SAMPLED, left_out_rows, require_known_domains
from sft_trainer.data.source_columns import ColumnsOfSources
from sft_trainer.data.sources import FilesRead
from sft_trainer.data.watch import Watch


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows that a version is made of."""

    numbers: Sequence[int]
    filled: frozenset[str]
    """Optional columns that they need."""
    files: FilesRead
    """By source: the files that were read, each with the shape of its rows."""
    columns: ColumnsOfSources
    changes: Changes
    evaluation: Mapping[str, Accounting]
    """By evaluation source: rows read, and those that rows were compared with."""
    clusters: Clusters | None
    """Of near duplicates that stay together on one side of the split; None where there are none."""


def select_rows(
    config: PrepareConfig, cleaner: Cleaner, rows: KeptRows, ledger: Ledger, scratch: Path, watch: Watch
) -> Selection:
    """Reads the sources into `rows` and says which of them stay; the others stand in the ledger. Raises TrainerFailure."""
    require_known_domains(config)
    with closing(Intake(config, cleaner, rows, ledger, scratch)) as intake:
        for source in sorted(config.sources, key=lambda source: source.name):
            watch.begins(f"reading {source.name}")
            intake.read(source, watch)
        watch.begins("looking for near duplicates")
        clusters = intake.near.clusters(rows) if intake.near else None
    watch.begins("comparing with evaluation rows")
    compared = contaminated_rows(config, rows, scratch / "run" / "evaluation-rejects", scratch)
    contaminated = compared.numbers
    is_dropping = config.dedupe.near is not None and config.dedupe.near.action is DuplicateAction.DROP
    same_question = intake.exact.repeated(rows.hashes, contaminated)
    gone = {*contaminated, *same_question}
    repeated = all_but_the_first(clusters.duplicated(), gone) if clusters and is_dropping else set()
    gone |= repeated
    kept = [number for number in range(len(rows)) if number not in gone]
    outliers = set(length_outliers(kept, rows)) if config.clean.length_outliers is Refusing.REJECT else set()
    kept = [number for number in kept if number not in outliers]
    left_out = set(left_out_rows(config, kept, rows))
    goners = (
        (CONTAMINATED, contaminated),
        (DUPLICATE, same_question),
        (NEAR_DUPLICATE, repeated),
        (LENGTH_OUTLIER, outliers),
        (NOT_SAMPLED, left_out),
    )
    for reason, numbers in goners:
        for number in sorted(numbers):
            ledger.reject(rows.origin(number), reason, rows.canonical(number))
    kept = [number for number in kept if number not in left_out]
    ledger.check(kept=len(kept))
    return Selection(
        numbers=kept,
        filled=frozenset(intake.filled),
        files=intake.files,
        columns=intake.columns,
        changes=intake.changes,
        evaluation=compared.evaluation,
        clusters=None if is_dropping else clusters,
    )
