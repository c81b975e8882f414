"""The flow of a `prepare` pod: sources -> rows -> checks -> version. Rows go to the pod's disk, not into its memory."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from sft_trainer.contract import PrepareConfig, PrepareResult
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.features.target_model import open_target_model
from sft_trainer.data.gates import DatasetRejected, check_gates, check_split
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.lineage import card_of
from sft_trainer.data.origins.catalog import resolve_sources
from sft_trainer.data.publish.export_version import exports_folder, publish_export
from sft_trainer.data.run_report import measure, of_refusal, of_version, publish_report, report_of
from sft_trainer.data.selection import select_rows
from sft_trainer.data.split import split_rows
from sft_trainer.data.version import CARD, publish_version, write_version
from sft_trainer.data.watch import Watch
from sft_trainer.store.object_store import open_store

SILENT = Watch()


def prepare(config: PrepareConfig, scratch: Path, watch: Watch = SILENT) -> PrepareResult:
    """Publishes one version; raises TrainerFailure, or DatasetRejected when the rows do not pass the gates."""
    config = resolve_sources(config)
    cleaner = Cleaner(config.clean)
    model = config.features.model
    # Before anything is read: a model that is not there is found out in a second, not in an hour.
    target = open_target_model(model, scratch / "target-model") if model else None
    with closing(KeptRows(scratch / "rows")) as rows:
        with closing(Ledger(scratch / "run" / "rejects", cleaner.protector.masked)) as ledger:
            selection = select_rows(config, cleaner, rows, ledger, scratch, watch)
        report = report_of(config, ledger, selection)
        try:
            check_gates(config.gates, ledger, selection.columns)
            splits = split_rows(selection.numbers, rows.hashes, selection.clusters, config.eval_percent)
            check_split(splits, config.eval_percent, ledger)
        except DatasetRejected as rejected:
            rejected.report_uri = publish_report(config, of_refusal(report, rejected.failure), scratch / "run")
            raise
        watch.begins("measuring")
        features = measure(config, rows, splits, target)
        watch.begins("writing the version")
        version = write_version(
            scratch / "version", rows, splits, selection.filled, card_of(config, rows, splits, features, selection)
        )
        # Beside the report too: what is declared of sources may change, while the version's first card stands with it.
        (scratch / "run").mkdir(exist_ok=True)
        shutil.copyfile(scratch / "version" / CARD, scratch / "run" / CARD)
        report = of_version(report, version.digest, rows, splits, features)
        report_uri = publish_report(config, report, scratch / "run")
    store = open_store(config.versions)
    manifest = publish_version(store, scratch / "version", version)
    for shape in config.exports:
        publish_export(store, scratch / "version", version.digest, shape, scratch / "exports")
    return PrepareResult(
        digest=version.digest,
        uri=f"{store.uri}{version.digest}/",
        train_rows=version.train_rows,
        eval_rows=version.eval_rows,
        bytes=manifest.total_bytes,
        tokens=features.tokens.tokens if features.tokens else None,
        trained_tokens=features.tokens.trained_tokens if features.tokens else None,
        exports_uri=f"{store.uri}{exports_folder(version.digest)}" if config.exports else None,
        accounting=ledger.accounting(),
        report_uri=report_uri,
        rejects=ledger.first,
    )
