"""`sft-data prepare|check|export`: the data engine on one's own files, without Kubernetes. Digests are those of a pod."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from sft_trainer.contract import (
    MAX_EVAL_PERCENT,
    Accounting,
    CleanSettings,
    CompareBy,
    ContaminationSettings,
    DedupeSettings,
    DomainLimit,
    DuplicateAction,
    ExitCode,
    ExportShape,
    FeatureSettings,
    FieldMap,
    Gates,
    NearDuplicateSettings,
    ObjectRef,
    PrepareConfig,
    Reason,
    RejectedRow,
    RowFormat,
    Source,
    StorePrefix,
)
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.gates import DatasetRejected, check_gates, check_split
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.origins.catalog import resolve_sources
from sft_trainer.data.prepare import prepare
from sft_trainer.data.publish.export_version import export_version
from sft_trainer.data.selection import select_rows
from sft_trainer.data.split import split_rows
from sft_trainer.data.watch import Watch
from sft_trainer.failure import TrainerFailure

IGNORE = "Ignore"
_NAME = re.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?")
REPORT = "report"
"""Beside the versions lies what was found on the way to the newest: report.json and the rejected rows."""


class Found(NamedTuple):
    """What there is to say at the end."""

    accounting: Accounting
    rejects: Sequence[RejectedRow]
    last_words: str


class ProgressBar(Watch):
    """Draws how far it is; the share is of the bytes of all files."""

    def __init__(self, console: Console, total_bytes: int) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]:,} rows"))
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self._task = self._progress.add_task("reading", total=total_bytes, rows=0)
        self._rows = 0

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def begins(self, stage: str) -> None:
        """Names the stage."""
        self._progress.update(self._task, description=stage)

    def has_read(self, rows: int, size: int) -> None:
        """Moves the bar."""
        self._rows += rows
        self._progress.update(self._task, advance=size, rows=self._rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, or why not, in the numbers of the run contract."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command != "export":
        _read_settings(parser, options)
    console, errors = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
    if options.command == "export":
        return _export(options, console, errors)
    scratch = Path(tempfile.mkdtemp(prefix="sft-data-"))
    work = _prepare if options.command == "prepare" else _check
    try:
        with ProgressBar(errors, sum(map(_size, options.source))) as bar:
            found = work(options, scratch, bar)
    except DatasetRejected as rejected:
        _print_found(console, Found(rejected.ledger.accounting(), rejected.ledger.first, ""))
        return _print_failure(errors, rejected.failure)
    except TrainerFailure as failure:
        return _print_failure(errors, failure)
    except OSError as error:
        return _print_failure(errors, _unwritable(error))
    finally:
        shutil.rmtree(scratch)
    _print_found(console, found)
    return ExitCode.DONE


def _unwritable(error: OSError) -> TrainerFailure:
    message = f"{error.filename or 'a file'}: {error.strerror}"
    remedy = "name an output folder that can be written, with room in it and in the folder for temporary files"
    return TrainerFailure(ExitCode.STORE_DENIED, Reason.STORE_DENIED, message, remedy)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sft-data", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    preparing = commands.add_parser("prepare", help="publish one version of the rows of some files")
    checking = commands.add_parser("check", help="say what is in a file and what would be rejected; writes nothing")
    for command in (preparing, checking):
        _add_source_options(command)
        _add_row_options(command)
        command.add_argument("--max-reject-percent", type=int, default=20, help="rejected rows, at most")
        command.add_argument("--min-rows", type=int, default=1, help="rows kept, at least")
        command.add_argument(
            "--eval-percent",
            type=int,
            choices=range(MAX_EVAL_PERCENT + 1),
            metavar=f"0-{MAX_EVAL_PERCENT}",
            default=5,
            help="percent of the rows kept for evaluation",
        )
    preparing.add_argument("-o", "--output", type=Path, required=True, help="folder in which the version is published")
    preparing.add_argument(
        "--model", type=Path, metavar="MODEL", help="folder or .gguf file of the model that tokens are counted for"
    )
    preparing.add_argument("--name", default="dataset", help="the dataset's name on its card")
    exporting = commands.add_parser("export", help="write a version in another trainer's shape")
    exporting.add_argument("version", type=Path, help="folder of a version, named by its digest")
    exporting.add_argument("--shape", choices=[each.value for each in ExportShape], required=True, help="whose shape")
    exporting.add_argument("-o", "--output", type=Path, required=True, help="folder for the files")
    return parser


def _add_source_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a file with rows, or a folder of them")
    command.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="NAME=PLACE",
        help="a source by its name: a file, a folder, s3://..., https://..., catalog:NAME or hf:REPOSITORY; may be repeated",
    )
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME.license=MIT", help="a field of the source NAME; may be repeated"
    )
    command.add_argument(
        "--domain", action="append", default=[], metavar="DOMAIN.maxRows=1000", help="how much of a domain; may be repeated"
    )
    command.add_argument("--format", choices=[each.value for each in RowFormat], default=RowFormat.AUTO, help="shape of the rows")
    columns = "prompt=COLUMN,response=COLUMN"
    command.add_argument("--field-map", type=_field_map, metavar=columns, help="which column means what, where rows do not tell")
    command.add_argument("--evaluation", nargs="+", type=Path, default=[], metavar="FILE", help="rows not to repeat")
    command.add_argument(
        "--evaluation-format", choices=[each.value for each in RowFormat], default=RowFormat.AUTO, help="shape of their rows"
    )
    command.add_argument("--evaluation-field-map", type=_field_map, metavar=columns, help="what their columns mean")


def _add_row_options(command: argparse.ArgumentParser) -> None:
    for name, field in (("clean", "thinking=Remove"), ("contamination", "ngramTokens=10"), ("features", "sampledRows=1000")):
        command.add_argument(
            f"--{name}", action="append", default=[], metavar=field, help=f"a field of spec.{name}; may be repeated"
        )
    by = [each.value for each in CompareBy]
    command.add_argument("--exact-duplicates-by", choices=by, default=CompareBy.ROW, help="what makes rows the same")
    near = [*(each.value for each in DuplicateAction), IGNORE]
    command.add_argument("--near-duplicates", choices=near, default=DuplicateAction.DROP, help="what becomes of them")
    command.add_argument("--near-duplicates-by", choices=by, default=CompareBy.ROW, help="what of rows is compared")
    command.add_argument("--threshold-percent", type=int, default=70, help="how similar near duplicates are, at least")


def _export(options: argparse.Namespace, console: Console, errors: Console) -> int:
    try:
        summaries = export_version(options.version, ExportShape(options.shape), options.output)
    except TrainerFailure as failure:
        return _print_failure(errors, failure)
    except OSError as error:
        return _print_failure(errors, _unwritable(error))
    for summary in summaries:
        console.print(f"{summary.rows:,} rows", highlight=False)
        notes = (("left out", summary.left_out), ("written without", summary.dropped), ("written with", summary.changed))
        for what, counts in notes:
            for name, count in counts.items():
                console.print(f"  {what}: {count:,} {name}", markup=False, highlight=False)
    return ExitCode.DONE


def _prepare(options: argparse.Namespace, scratch: Path, watch: Watch) -> Found:
    result = prepare(_config(options, options.output.absolute()), scratch, watch)
    return Found(
        result.accounting,
        result.rejects,
        f"{result.train_rows} rows to train on and {result.eval_rows} to evaluate with are version {result.digest}\n{result.uri}",
    )


def _check(options: argparse.Namespace, scratch: Path, watch: Watch) -> Found:
    config = resolve_sources(_config(options, scratch))
    cleaner = Cleaner(config.clean)
    rejects = scratch / "run" / "rejects"
    with closing(KeptRows(scratch / "rows")) as rows, closing(Ledger(rejects, cleaner.protector.masked)) as ledger:
        selection = select_rows(config, cleaner, rows, ledger, scratch, watch)
        check_gates(config.gates, ledger, selection.columns)
        splits = split_rows(selection.numbers, rows.hashes, selection.clusters, config.eval_percent)
        check_split(splits, config.eval_percent, ledger)
    return Found(ledger.accounting(), ledger.first, "a version could be made of them")


def _config(options: argparse.Namespace, output: Path) -> PrepareConfig:
    near = None
    if options.near_duplicates != IGNORE:
        near = NearDuplicateSettings(
            threshold_percent=options.threshold_percent, action=options.near_duplicates, by=options.near_duplicates_by
        )
    return PrepareConfig(
        owner=ObjectRef(namespace="", name=getattr(options, "name", ""), uid=""),
        attempt=1,
        sources=options.source,
        evaluation_sources=[
            Source.model_validate(source_document(name, str(path), options.evaluation_format, options.evaluation_field_map))
            for name, path in _named(options.evaluation, set())
        ],
        contamination=options.contamination,
        clean=options.clean,
        dedupe=DedupeSettings(exact=options.exact_duplicates_by, near=near),
        domains=options.domain,
        features=options.features.model_copy(update={"model": _model(getattr(options, "model", None))}),
        eval_percent=options.eval_percent,
        gates=Gates(max_reject_percent=options.max_reject_percent, min_rows=options.min_rows),
        versions=StorePrefix(uri=f"file://{output}/"),
        run=StorePrefix(uri=f"file://{output}/{REPORT}/"),
    )


def _model(path: Path | None) -> StorePrefix | None:
    return StorePrefix(uri=f"file://{path.absolute()}{'/' if path.is_dir() else ''}") if path else None


def _read_settings(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Replaces the assignments in the options by what they say; ends the program where they say nothing that is known."""
    option = "--clean"
    try:
        options.clean = CleanSettings.model_validate(_assigned(options.clean))
        option = "--contamination"
        options.contamination = ContaminationSettings.model_validate(_assigned(options.contamination))
        option = "--features"
        options.features = FeatureSettings.model_validate(_assigned(options.features))
        option = "--domain"
        options.domain = [
            DomainLimit.model_validate({"domain": name} | limit) for name, limit in _assigned(options.domain).items()
        ]
        option = "--source"
        options.source = _sources(parser, options)
    except ValidationError as error:
        parser.error("; ".join(f"{option} {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()))


def _assigned(assignments: Iterable[str]) -> dict[str, Any]:
    """`personalData.action=Reject` and the like, nested; a value is JSON where it can be, else text."""
    settings: dict[str, Any] = {}
    for assignment in assignments:
        path, _, value = assignment.partition("=")
        *parents, name = path.split(".")
        node = settings
        for parent in parents:
            if not isinstance(node.get(parent), dict):
                node[parent] = {}
            node = node[parent]
        try:
            node[name] = orjson.loads(value)
        except orjson.JSONDecodeError:
            node[name] = value
    return settings


def _field_map(text: str) -> FieldMap:
    pairs = [part.partition("=")[::2] for part in text.split(",")]
    try:
        return FieldMap.model_validate(dict(pairs))
    except ValidationError as error:
        names = ", ".join(FieldMap.model_fields)
        raise argparse.ArgumentTypeError(f"must be name=column pairs of {names}: messages, or prompt and response") from error


def _sources(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Source]:
    """Those with a name of their own, and one a file. Raises ValidationError."""
    named = dict(given.partition("=")[::2] for given in options.source)
    if not all(_NAME.fullmatch(name) and place for name, place in named.items()):
        parser.error("--source must be NAME=PLACE, and NAME of a-z, 0-9 and -")
    places = [*named.items(), *((name, str(path)) for name, path in _named(options.files, set(named)))]
    if not places:
        parser.error("give a FILE, or a --source")
    documents = {name: source_document(name, place, options.format, options.field_map) for name, place in places}
    for name, fields in _assigned(options.set).items():
        if name not in documents or not isinstance(fields, dict):
            parser.error(f"--set {name}: there is no such source; there is {', '.join(documents)}")
        for field, value in fields.items():
            old = documents[name].get(field)
            documents[name][field] = old | value if isinstance(old, dict) and isinstance(value, dict) else value
    return [Source.model_validate(document) for document in documents.values()]


def source_document(name: str, place: str, row_format: str, field_map: FieldMap | None) -> dict[str, Any]:
    """A source as in the run contract."""
    kind, _, rest = place.partition(":")
    repository, _, revision = rest.partition("@")
    pinned = {"revision": revision} if revision else {}
    where: dict[str, Any]
    if kind == "catalog":
        where = {"catalog": {"name": repository, **pinned}}
    elif kind == "hf":
        where = {"huggingFace": {"repository": repository, **pinned}}
    elif kind == "https":
        where = {"http": {"url": place}}
    elif kind == "s3":
        where = {"store": {"uri": place}}
    else:
        path = Path(place)
        where = {"store": {"uri": f"file://{path.absolute()}{'/' if path.is_dir() else ''}"}}
    mapped = {"fieldMap": field_map.model_dump(by_alias=True, exclude_none=True)} if field_map else {}
    return {"name": name, "format": row_format, **where, **mapped}


def _named(files: Iterable[Path], taken: set[str]) -> Iterator[tuple[str, Path]]:
    """Each file with a name for its source: its own, with a number where that is taken."""
    for path in files:
        stem = re.sub("[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "file"
        name = stem if stem not in taken else next(f"{stem}-{n}" for n in range(2, len(taken) + 3) if f"{stem}-{n}" not in taken)
        taken.add(name)
        yield name, path


def _size(source: Source) -> int:
    """Bytes of a source on this machine; of another place's the bar learns while it reads."""
    if source.store is None or not source.store.uri.startswith("file://"):
        return 0
    path = Path(source.store.uri.removeprefix("file://"))
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _print_found(console: Console, found: Found) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("rows")
    table.add_column("", justify="right")
    table.add_row("read", f"{found.accounting.read:,}")
    table.add_row("kept", f"{found.accounting.kept:,}")
    for reason, count in found.accounting.rejected.items():
        table.add_row(f"  {reason}", f"{count:,}")
    console.print(table)
    for row in found.rejects:
        console.print(f"{row.file}:{row.line}: {row.reason}", markup=False, highlight=False)
    if found.last_words:
        console.print(found.last_words, markup=False, highlight=False)


def _print_failure(errors: Console, failure: TrainerFailure) -> int:
    errors.print(f"{failure.reason}: {failure.message}", markup=False, highlight=False)
    errors.print(failure.remedy, markup=False, highlight=False)
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main())
