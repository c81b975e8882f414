"""The flow of a `prepare` pod: sources -> rows -> checks -> version. Rows go to the pod's disk, not into its memory."""

from __future__ import annotations

import json
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from sft_trainer.contract import DuplicateAction, PrepareConfig, PrepareResult, Source
from sft_trainer.data.digest import canonical_json
from sft_trainer.data.duplicates import NEAR_DUPLICATE, ExactDuplicates, NearDuplicates, repeated_rows
from sft_trainer.data.evaluation_texts import CONTAMINATED, contaminated_rows
from sft_trainer.data.gates import check_gates
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.parse import parse_line
from sft_trainer.data.readability import Readability
from sft_trainer.data.row_columns import optional_fields
from sft_trainer.data.rows import Content, Origin, RowRejected
from sft_trainer.data.sources import Line, read_lines
from sft_trainer.data.split import split_rows
from sft_trainer.data.version import publish_version, write_version
from sft_trainer.store.object_store import open_store


class _Intake:
    """Takes rows in the order of their origins: of rows that teach the same, the first is the least origin and survives."""

    def __init__(self, config: PrepareConfig, rows: KeptRows, ledger: Ledger, scratch: Path) -> None:
        self._rows = rows
        self._ledger = ledger
        self._scratch = scratch
        self._exact = ExactDuplicates(config.dedupe.exact)
        self.near = NearDuplicates(config.dedupe.near, scratch / "near") if config.dedupe.near else None
        self.filled: set[str] = set()

    def close(self) -> None:
        """Removes what it has on disk."""
        if self.near:
            self.near.close()

    def read(self, source: Source) -> None:
        """Everything of one source."""
        readability = Readability(source)
        for line in read_lines(source, self._scratch):
            self._ledger.count_read(source.name)
            readability.note(line, self._take(line, source))
        readability.finish()

    def _take(self, line: Line, source: Source) -> str | None:
        """Keeps one line's row, or writes down why not; returns the reason."""
        origin = Origin(source.name, line.file, line.number)
        try:
            self._keep(parse_line(line, source.format), origin)
        except RowRejected as rejection:
            self._ledger.reject(origin, rejection.reason, line.data)
            return rejection.reason
        return None

    def _keep(self, content: Content, origin: Origin) -> None:
        canonical = canonical_json(content)
        row_hash = sha256(canonical).digest()
        self._exact.check(content, row_hash)
        self._rows.append(row_hash, canonical, origin)
        self.filled |= optional_fields(content)
        if self.near:
            self.near.add(content)


def prepare(config: PrepareConfig, scratch: Path) -> PrepareResult:
    """Publishes one version; raises TrainerFailure, or DatasetRejected when the rows do not pass the gates."""
    with closing(KeptRows(scratch / "rows")) as rows:
        with closing(Ledger(scratch / "run" / "rejects")) as ledger:
            with closing(_Intake(config, rows, ledger, scratch)) as intake:
                for source in sorted(config.sources, key=lambda source: source.name):
                    intake.read(source)
                clusters = intake.near.clusters(rows) if intake.near else None
            contaminated = set(contaminated_rows(config, rows, scratch / "run" / "evaluation-rejects", scratch))
            for number in sorted(contaminated):
                ledger.reject(rows.origin(number), CONTAMINATED, rows.canonical(number))
            is_dropping = config.dedupe.near is not None and config.dedupe.near.action is DuplicateAction.DROP
            repeated = repeated_rows(clusters, contaminated) if clusters and is_dropping else set()
            for number in sorted(repeated):
                ledger.reject(rows.origin(number), NEAR_DUPLICATE, rows.canonical(number))
        kept = [number for number in range(len(rows)) if number not in repeated and number not in contaminated]
        ledger.check(kept=len(kept))
        report_uri = _write_report(config, ledger, scratch / "run")
        check_gates(config.gates, ledger)
        splits = split_rows(kept, rows.hashes, None if is_dropping else clusters, config.eval_percent)
        version = write_version(scratch / "version", rows, splits, intake.filled, config.owner.name)
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
