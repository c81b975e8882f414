"""The flow of a `prepare` pod: sources -> rows -> checks -> version. Rows go to the pod's disk, not into its memory."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from sft_trainer.contract import PrepareConfig, PrepareResult
from sft_trainer.data.gates import check_gates
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.selection import select_rows
from sft_trainer.data.split import split_rows
from sft_trainer.data.version import publish_version, write_version
from sft_trainer.data.watch import Watch
from sft_trainer.store.object_store import open_store

SILENT = Watch()


def prepare(config: PrepareConfig, scratch: Path, watch: Watch = SILENT) -> PrepareResult:
    """Publishes one version; raises TrainerFailure, or DatasetRejected when the rows do not pass the gates."""
    with closing(KeptRows(scratch / "rows")) as rows:
        with closing(Ledger(scratch / "run" / "rejects")) as ledger:
            selection = select_rows(config, rows, ledger, scratch, watch)
        report_uri = _write_report(config, ledger, scratch / "run")
        check_gates(config.gates, ledger)
        watch.begins("writing the version")
        splits = split_rows(selection.numbers, rows.hashes, selection.clusters, config.eval_percent)
        version = write_version(scratch / "version", rows, splits, selection.filled, config.owner.name)
    store = open_store(config.versions)
    manifest = publish_version(store, scratch / "version", version)
    return PrepareResult(
        digest=version.digest,
        uri=f"{store.uri}{version.digest}/",
        train_rows=version.train_rows,
        eval_rows=version.eval_rows,
        bytes=manifest.total_bytes,
        accounting=ledger.accounting(),
        report_uri=report_uri,
        rejects=ledger.first,
    )


def _write_report(config: PrepareConfig, ledger: Ledger, folder: Path) -> str:
    """report.json and the rejected rows, also of a dataset that is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = {name: ledger.accounting(name).model_dump() for name in sorted(ledger.read)}
    report = {"dataset": config.owner.name, "total": ledger.accounting().model_dump(), "sources": sources}
    (folder / "report.json").write_text(json.dumps(report, indent=2))
    store = open_store(config.run)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        store.upload(path, path.relative_to(folder).as_posix())
    return f"{store.uri}report.json"
