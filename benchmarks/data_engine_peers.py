"""The same stages by data-juicer, datatrove and text-dedup, on the same rows, each at its best settings for Chinese.

Each runs in a virtual environment of its own below .tools, made on first use, and measures the CPU seconds of its own process:
from the JSONL file to the file of kept rows, without starting up. Of cleaning, masking and deduplicating each does what it has;
none validates rows, and text-dedup has near duplicates alone, for which the others are timed separately too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from benchmarks.data_engine_rows import CLEAN, EXACT, NEAR, Exchange, Label, read_labels
from benchmarks.planted_defects import CHINESE, ENGLISH
from demo.installation import REPOSITORY

ROWS = 20_000  # the peers need minutes for more
TIMEOUT_SECONDS = 900
ENVIRONMENTS = REPOSITORY / ".tools" / "peers"
SCRIPTS = REPOSITORY / "benchmarks" / "peers"
UV = REPOSITORY / ".tools" / "bin" / "uv"


class Peer(NamedTuple):
    """A tool that does the same."""

    name: str
    python: str
    requirements: tuple[str, ...]

    @property
    def script(self) -> Path:
        """What runs in its environment."""
        return SCRIPTS / f"with_{self.name.replace('-', '_')}.py"


PEERS = (
    Peer("data-juicer", "3.11", ("py-data-juicer==1.6.1", "aiohttp")),  # which it imports and does not ask for
    Peer(
        "datatrove",
        "3.11",
        ("datatrove==0.10.1", "pyarrow", "spacy", "jieba", "tokenizers", "orjson", "regex", "nltk", "ftfy", "xxhash<4"),
    ),  # which takes text, as it expects
    Peer("text-dedup", "3.12", ("text-dedup==0.4.1",)),
)


class PeerResult(NamedTuple):
    """What a peer did with the rows."""

    rows_per_cpu_s: float
    near_duplicates_rows_per_cpu_s: float
    """Reading, near duplicates and writing alone."""
    near_recall_zh: float
    near_recall_en: float
    clean_flagged_share: float


def interpreter(version: str) -> str:
    """A Python of that version, looked for where pyenv keeps them as well."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = sorted((pyenv / "versions").glob(f"{version}.*/bin/python"))
    found = str(installed[-1]) if installed else shutil.which(f"python{version}")
    if found is None:
        raise SystemExit(f"a peer needs Python {version}, and this machine has none; install it, or leave the peers out")
    return found


def environment(peer: Peer) -> Path:
    """The peer's Python, installed on first use."""
    folder = ENVIRONMENTS / peer.name
    done = folder / "installed"
    if not done.exists() or done.read_text() != str(peer):
        subprocess.run([UV, "venv", "--quiet", "--clear", "--python", interpreter(peer.python), folder], check=True)
        subprocess.run([UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *peer.requirements], check=True)
        done.write_text(str(peer))
    return folder / "bin" / "python"


def write_texts(data: Path, labels: Sequence[Label], output: Path) -> int:
    """The rows that are JSON, as all peers read them: number, language, text."""
    count = 0
    with data.open("rb") as lines, output.open("wb") as file:
        for number, (line, label) in enumerate(zip(lines, labels, strict=False)):
            try:
                text = Exchange(**orjson.loads(line)).text
            except orjson.JSONDecodeError:
                continue
            file.write(orjson.dumps({"id": number, "language": label.language, "text": text}) + b"\n")
            count += 1
    return count


def share(claims: Sequence[bool]) -> float:
    """How many of them hold."""
    return sum(claims) / max(1, len(claims))


def measure(peer: Peer, texts: Path, rows: int, labels: Sequence[Label]) -> PeerResult:
    """Runs one peer on the rows."""
    python = environment(peer)
    with tempfile.TemporaryDirectory() as folder:
        command = [python, peer.script, texts, Path(folder) / "kept"]
        settings = {**os.environ, "HF_HOME": f"{folder}/hugging-face", "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
        done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{peer.name} failed:\n{done.stderr[-2_000:]}")
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    rates = rows / answer["cpu_s"], rows / answer["near_duplicates_cpu_s"]
    return PeerResult(*rates, *judged(set(answer["kept"]), labels))


def judged(kept: set[int], labels: Sequence[Label]) -> tuple[float, float, float]:
    """Recall in Chinese and in English, and the share of clean rows that are flagged. A near duplicate is found when it or its
    original is gone; a clean row is flagged when it is gone, repeated by none."""
    repeated = {label.repeats for label in labels if label.kind in (EXACT, NEAR)}
    found = {
        language: [
            number not in kept or label.repeats not in kept
            for number, label in enumerate(labels)
            if label.kind == NEAR and label.language == language
        ]
        for language in (CHINESE, ENGLISH)
    }
    flagged = [number not in kept for number, label in enumerate(labels) if label.kind == CLEAN and number not in repeated]
    return share(found[CHINESE]), share(found[ENGLISH]), share(flagged)


def measure_peers(data: Path, labels_path: Path, rows: int = ROWS) -> dict[str, PeerResult]:
    """All peers on the first rows of a file made by `data_engine_rows`."""
    labels = read_labels(labels_path)[:rows]
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.jsonl"
        count = write_texts(data, labels, texts)
        return {peer.name: measure(peer, texts, count, labels) for peer in PEERS}


def main() -> None:
    """`python -m benchmarks.data_engine_peers FOLDER` measures on FOLDER/rows.jsonl and FOLDER/labels.tsv."""
    folder = Path(sys.argv[1])
    results = measure_peers(folder / "rows.jsonl", folder / "labels.tsv")
    print(json.dumps({name: result._asdict() for name, result in results.items()}))


if __name__ == "__main__":
    main()
