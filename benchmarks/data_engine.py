"""How fast, small and right is the data engine? Rows for each CPU-second, memory, what was planted and found, beside its peers.

Measured are the core (parse, validate, clean, exact duplicates, personal data, near duplicates, parquet), all that a dataset
gets by default (loops, identity rows, secrets, features and report too), and counting tokens. Each preparation is a process of
its own; rates are of its processor time, because the machine is shared. The peers do what they have of the core with
the first 20,000 rows (benchmarks/data_engine_peers.py); near duplicates among real rows are held against the truth. Starting up
is not timed, ours as little as the peers'.
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
from collections.abc import Iterator, Sequence, Set
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

import zstandard

from benchmarks.data_engine_peers import measure_peers
from benchmarks.data_engine_rows import Label, conversations, labelled_rows, read_labels, real_exchanges, test_data, write_rows
from benchmarks.defect_recall import find_defects
from benchmarks.near_duplicate_recall import recall_on_real_rows
from benchmarks.report import print_report
from demo.quickstart import smollm2_gguf
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
    RowFormat,
    Source,
    StorePrefix,
    StoreSource,
)
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.detection.lines import Line
from sft_trainer.data.duplicates import DUPLICATE, NEAR_DUPLICATE
from sft_trainer.data.features.target_model import open_target_model
from sft_trainer.data.features.token_lengths import TokenLengths
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.parse import parse_line
from sft_trainer.data.prepare import SILENT, prepare
from sft_trainer.data.publish.data_card import DataCard
from sft_trainer.data.rows import Content, RowRejected
from sft_trainer.data.selection import select_rows
from sft_trainer.data.split import split_rows
from sft_trainer.data.version import write_version

ROWS, MANY_ROWS, PEER_ROWS = 200_000, 2_000_000, 20_000
PROBED = 100
WARM_UP_ROWS = 300
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
    """One preparation in this process; prints what it took, once everything was imported and every table made."""
    with tempfile.TemporaryDirectory(dir=folder) as small:
        run_stages(first_rows(folder, WARM_UP_ROWS, Path(small) / "rows"), stages)
    began = time.process_time()
    accounting = run_stages(folder, stages)
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


def run_stages(folder: Path, stages: str) -> Accounting:
    """One preparation, in this process."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        if stages == CORE:
            return prepare_core(config(folder), Path(scratch))
        return prepare(config(folder), Path(scratch)).accounting


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
    """Recall of all that was planted, and what became of the rows in which nothing was; prints some of what was missed."""
    labels: list[Label] = read_labels(folder / "labels.tsv")
    rejected = {line - 1: reason for line, reason in rejected_rows(folder)}
    flagged = {number for number, reason in rejected.items() if reason in (NEAR_DUPLICATE, DUPLICATE)}
    unfit = {number: reason for number, reason in rejected.items() if number not in flagged}
    findings = find_defects(folder, labels, unfit)
    print(json.dumps({"missed": [missed._asdict() for missed in findings.missed]}, ensure_ascii=False), flush=True)
    return duplicate_figures(labels, flagged, unfit.keys()) | findings.figures


def duplicate_figures(labels: Sequence[Label], flagged: Set[int], unfit: Set[int]) -> dict[str, float]:
    """Recall of planted duplicates by language, and the share of clean rows that were flagged as duplicates.

    What cleaning rejects, the unfit, is compared with nothing.
    """

    def recall(kind: str, language: str) -> float:
        planted = [
            number
            for number, label in enumerate(labels)
            if (label.kind, label.language) == (kind, language) and unfit.isdisjoint({number, label.repeats})
        ]
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


def tokenise_rows_per_cpu_s(folder: Path) -> float:
    """Rows for each CPU-second, tokens counted as features.model asks for: SmolLM2's byte-level BPE, its chat template around."""
    contents = list(contents_of(folder / "rows.jsonl", PEER_ROWS))
    with tempfile.TemporaryDirectory() as scratch:
        target = open_target_model(StorePrefix(uri=f"file://{smollm2_gguf()}"), Path(scratch))
    counter = target.counter(content.messages[-1].content for content in contents[:PROBED])
    lengths = TokenLengths(counter, target.description.template)
    began = time.process_time()
    for content in contents:
        lengths.add(content)
    return len(contents) / (time.process_time() - began)


def contents_of(file: Path, count: int) -> Iterator[Content]:
    """The first rows that can be learned from."""
    with file.open("rb") as lines:
        for number, data in enumerate(islice(lines, count), start=1):
            with suppress(RowRejected):
                yield parse_line(Line("rows.jsonl", number, data), RowFormat.AUTO).content


def first_rows(folder: Path, count: int, output: Path) -> Path:
    """The same rows, but for those behind the first ones."""
    output.mkdir()
    for name in ("rows.jsonl", "labels.tsv"):
        with (folder / name).open("rb") as lines, (output / name).open("wb") as file:
            file.writelines(islice(lines, count))
    return output


def peer_figures(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Ours beside the peers on the same rows: the core beside what they have of it, and beside their near duplicates alone."""
    results = measure_peers(folder / "rows.jsonl", folder / "labels.tsv", PEER_ROWS)
    ours = PEER_ROWS / run_engine(folder, CORE)["cpu_s"]
    peers = {f"{name}_{figure}": value for name, result in results.items() for figure, value in result._asdict().items()}
    fastest = max(result.rows_per_cpu_s for result in results.values())
    fastest_near = max(result.near_duplicates_rows_per_cpu_s for result in results.values())
    ratios = {"ratio_fastest_peer": ours / fastest, "ratio_fastest_peer_near_duplicates_alone": ours / fastest_near}
    return {"rows_per_cpu_s_20k": ours} | ratios, peers


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
            "tokenise_rows_per_cpu_s": tokenise_rows_per_cpu_s(folder / "200k"),
            "peak_rss_mib_200k": ours["peak_rss_mib"],
        }
        figures |= what_was_found(folder / "200k")
        beside_peers, peers = peer_figures(first_rows(folder / "200k", PEER_ROWS, folder / "20k"))
        figures |= beside_peers
        figures |= recall_on_real_rows(conversations(test_data())[:PEER_ROWS])
        make_rows(folder / "2m", MANY_ROWS)
        many = run_engine(folder / "2m", ALL)
        figures |= {"all_rows_per_cpu_s_2m": MANY_ROWS / many["cpu_s"], "peak_rss_mib_2m": many["peak_rss_mib"]}
        print_report("data_engine", figures, peers)


if __name__ == "__main__":
    main()
