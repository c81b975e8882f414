"""How fast, small and right is the data engine? Rows for each CPU-second, memory, what was planted and found, beside its peers.

Measured are the core (parse, validate, clean, exact duplicates, personal data, near duplicates, parquet) and all that a
dataset gets by default: loops, identity rows, secrets, features and report too. Each run is a process of its own; rates are of
its processor time, because the machine is shared. What peers need to deduplicate alone: `python -m benchmarks.data_engine_peers`.
The physical limit of the first stage alone is orjson, 0.8 million rows a second on one core; of the last, zstd at 228 MB/s.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import zstandard

from benchmarks.data_engine_rows import Label, labelled_rows, read_labels, real_exchanges, test_data, write_rows
from benchmarks.report import print_report
from sft_trainer.contract import (
    Accounting,
    CleanSettings,
    DedupeSettings,
    Gates,
    NearDuplicateSettings,
    ObjectRef,
    PrepareConfig,
    Protection,
    Refusing,
    Source,
    StorePrefix,
    StoreSource,
)
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.prepare import SILENT, prepare
from sft_trainer.data.publish.data_card import DataCard
from sft_trainer.data.selection import select_rows
from sft_trainer.data.split import split_rows
from sft_trainer.data.version import write_version

ROWS, MANY_ROWS = 200_000, 2_000_000
SOURCE = "bench"
CORE, ALL = "core", "all"
CORE_CLEANING = CleanSettings(repetition=Refusing.KEEP, identity=Refusing.KEEP, secrets=Protection.KEEP)


def config(folder: Path) -> PrepareConfig:
    """One file in, one version out, as in a pod."""
    return PrepareConfig(
        owner=ObjectRef(namespace="bench", name="bench", uid="bench"),
        attempt=1,
        sources=[Source(name=SOURCE, store=StoreSource(uri=f"file://{folder}/rows.jsonl"))],
        dedupe=DedupeSettings(near=NearDuplicateSettings()),
        eval_percent=5,
        gates=Gates(max_reject_percent=100, min_rows=1),
        versions=StorePrefix(uri=f"file://{folder}/versions/"),
        run=StorePrefix(uri=f"file://{folder}/run/"),
    )


def prepare_core(config: PrepareConfig, scratch: Path) -> Accounting:
    """The stages that data tools have in common, without the checks of answers, features and report."""
    cleaner = Cleaner(CORE_CLEANING)
    rejects = Ledger(scratch / "run" / "rejects", cleaner.protector.masked)
    with closing(KeptRows(scratch / "rows")) as rows, closing(rejects) as ledger:
        selection = select_rows(config, cleaner, rows, ledger, scratch, SILENT)
        splits = split_rows(selection.numbers, rows.hashes, selection.clusters, config.eval_percent)
        card = DataCard(name=SOURCE, digest="", rows={}, languages={}, sources=[])
        write_version(scratch / "version", rows, splits, selection.filled, card)
        return ledger.accounting()


def run_here(folder: Path, stages: str) -> None:
    """One preparation in this process; prints what it took."""
    began = time.process_time()
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        if stages == CORE:
            accounting = prepare_core(config(folder), Path(scratch))
        else:
            accounting = prepare(config(folder), Path(scratch)).accounting
    print(
        json.dumps(
            {
                "cpu_s": time.process_time() - began,
                "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "stages": stages,
                "read": accounting.read,
                "kept": accounting.kept,
                "rejected": accounting.rejected,
            }
        )
    )


def run_engine(folder: Path, stages: str) -> dict[str, float]:
    """One preparation in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.data_engine", "--here", str(folder), stages]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    print(answer.stdout.strip(), flush=True)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def make_rows(folder: Path, count: int) -> Counter[str]:
    """rows.jsonl and labels.tsv."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = labelled_rows(real_exchanges(test_data()), count)
    return write_rows(rows, folder / "rows.jsonl", folder / "labels.tsv")


def rejected_rows(folder: Path) -> Iterator[tuple[int, str]]:
    """Line and reason of every rejected row."""
    with (folder / "run" / "rejects" / f"{SOURCE}.jsonl.zst").open("rb") as file:
        for line in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines():
            entry = json.loads(line)
            yield entry["line"], entry["reason"]


def what_was_found(folder: Path) -> dict[str, float]:
    """Recall of planted duplicates by language, and the share of clean rows that were flagged as duplicates."""
    labels: list[Label] = read_labels(folder / "labels.tsv")
    flagged = {line - 1: reason for line, reason in rejected_rows(folder) if reason in ("NearDuplicate", "DuplicateRow")}

    def recall(kind: str, language: str) -> float:
        planted = [number for number, label in enumerate(labels) if (label.kind, label.language) == (kind, language)]
        # Of a pair either row may be the one that is kept.
        found = sum(number in flagged or labels[number].repeats in flagged for number in planted)
        return found / len(planted)

    repeated = {label.repeats for label in labels}
    clean = [number for number, label in enumerate(labels) if label.kind == "clean" and number not in repeated]
    return {
        "near_recall_zh": recall("near", "zh"),
        "near_recall_en": recall("near", "en"),
        "exact_recall": min(recall("exact", "zh"), recall("exact", "en")),
        "clean_flagged_share": sum(number in flagged for number in clean) / len(clean),
    }


def main() -> None:
    """Prints the figures."""
    if sys.argv[1:2] == ["--here"]:
        run_here(Path(sys.argv[2]), sys.argv[3])
        return
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as temporary:
        folder = Path(temporary)
        print(json.dumps(make_rows(folder / "200k", ROWS)), flush=True)
        core, ours = run_engine(folder / "200k", CORE), run_engine(folder / "200k", ALL)
        figures = {
            "rows_per_cpu_s": ROWS / core["cpu_s"],
            "all_rows_per_cpu_s": ROWS / ours["cpu_s"],
            "peak_rss_mib_200k": ours["peak_rss_mib"],
        }
        figures |= what_was_found(folder / "200k")
        make_rows(folder / "2m", MANY_ROWS)
        many = run_engine(folder / "2m", ALL)
        figures |= {"all_rows_per_cpu_s_2m": MANY_ROWS / many["cpu_s"], "peak_rss_mib_2m": many["peak_rss_mib"]}
        print_report("data_engine", figures)


if __name__ == "__main__":
    main()
