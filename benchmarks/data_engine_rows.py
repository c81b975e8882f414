"""Makes instruction data of any length out of real rows, with planted defects, and says of each row what was planted.

Rows are recombined: the instruction of one real row over sentences drawn from all answers of its language, so that words, lengths
and characters are those of real data while two clean rows never say the same. Each row is alpaca JSON on a line of its own; the
labels stand beside it, a line a row: what was planted, the language, for a duplicate the number of the row it repeats, and what
of it must not be published.
Streams, so that two million rows need no more memory than two thousand. The seed decides everything.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from benchmarks.planted_defects import BROKEN_JSON, CHINESE, DEFECTS, ENGLISH, Text

CHINESE_SHARE = 0.6
CLEAN, EXACT, NEAR = "clean", "exact", "near"
SEED = 7
EXACT_SHARE, NEAR_SHARE = 0.08, 0.08
REPEATABLE_ROWS = 20_000  # earlier rows that a duplicate may repeat: a uniform sample of all of them
CHARACTERS_PER_EDIT = 60  # a near duplicate has a Chinese character in 60 changed: 5 in 65 shingles, a Jaccard similarity of 0.85
WORDS_PER_EDIT = 40
MIN_SENTENCES = 3
PROMPT_SHARE = 0.5  # of the answer: two clean rows with one prompt then share less than a third of their text
SENTENCE_CHARACTERS = {CHINESE: (6, 120), ENGLISH: (13, 240)}  # no single sentence makes up most of a row
SENTENCE_END = {CHINESE: re.compile(r"(?<=[。！？\n；])"), ENGLISH: re.compile(r"(?<=[.!?\n]) ")}
HAN = re.compile("[\u3400-\u9fff]")


class Exchange(NamedTuple):
    """An instruction with its input, and the answer."""

    instruction: str
    input: str
    output: str

    @property
    def prompt(self) -> str:
        """What is asked, as alpaca's rows are read."""
        return f"{self.instruction}\n\n{self.input}" if self.input else self.instruction

    @property
    def text(self) -> str:
        """What the row says."""
        return f"{self.instruction}\n{self.input}\n{self.output}"

    @property
    def language(self) -> str:
        """Han characters in the answer, or the prompt, make it Chinese."""
        return CHINESE if HAN.search(self.output) or HAN.search(self.instruction) else ENGLISH


class Label(NamedTuple):
    """What was planted in a row."""

    kind: str
    language: str
    repeats: int | None = None
    trace: str | None = None
    """What must stand in no published row; None where the row itself must not be published, or is sound."""


class LabelledRow(NamedTuple):
    """A row and what was planted in it."""

    exchange: Exchange
    label: Label


def test_data() -> Path:
    """The folder of real files."""
    if "SFT_TEST_DATA" not in os.environ:
        raise SystemExit(
            "set SFT_TEST_DATA to a folder of real instruction data (alpaca, sharegpt, or question and answer as CSV)"
        )
    return Path(os.environ["SFT_TEST_DATA"])


def conversations(folder: Path) -> list[str]:
    """Real rows of all lengths: every exchange, and every conversation up to each of its answers; none twice."""
    texts = [exchange.text for exchange in real_exchanges(folder)]
    for path in sorted(folder.glob("*.json*")):
        for record in records_of(path):
            turns = [turn["value"] for turn in record.get("conversations", [])]
            texts.extend("\n".join(turns[:end]) for end in range(4, len(turns) + 1, 2))
    return list(dict.fromkeys(texts))


def exchanges_of_record(record: dict[str, Any]) -> Iterator[Exchange]:
    """Every question with its answer."""
    if "conversations" in record:
        turns = record["conversations"]
        for question, answer in pairwise(turns):
            if question["from"] in ("human", "observation") and answer["from"] in ("gpt", "function_call"):
                yield Exchange(question["value"], "", answer["value"])
        return
    for instance in record.get("instances", [record]):
        yield Exchange(record["instruction"], instance.get("input") or "", instance["output"])


def records_of(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file: one array of them, or one a line."""
    data = path.read_bytes()
    yield from orjson.loads(data) if data.lstrip().startswith(b"[") else map(orjson.loads, data.splitlines())


def real_exchanges(folder: Path) -> list[Exchange]:
    """Every exchange of the folder's files, in the order of their names."""
    exchanges: list[Exchange] = []
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".jsonl"):
            exchanges.extend(exchange for record in records_of(path) for exchange in exchanges_of_record(record))
        elif path.suffix == ".csv":
            with path.open(encoding="gb18030", newline="") as file:
                exchanges.extend(Exchange(row["title"], row["ask"], row["answer"]) for row in csv.DictReader(file))
    return [exchange for exchange in exchanges if exchange.instruction.strip() and exchange.output.strip()]


class Sentences:
    """What rows of one language are made of."""

    def __init__(self, exchanges: list[Exchange], language: str) -> None:
        shortest, longest = SENTENCE_CHARACTERS[language]
        parts = (part.strip() for exchange in exchanges for part in SENTENCE_END[language].split(exchange.output))
        self._answers = list(dict.fromkeys(part for part in parts if shortest <= len(part) <= longest))
        self._prompts = [exchange for exchange in exchanges if len(exchange.instruction) < longest]
        self._joiner = "" if language == CHINESE else " "

    def exchange(self, rng: random.Random) -> Exchange:
        """A row that says something new."""
        prompt = rng.choice(self._prompts)
        instruction, context = prompt.instruction, prompt.input if rng.random() < 0.6 else ""
        wanted = max(MIN_SENTENCES, int(rng.lognormvariate(1.65, 0.6)))  # as many sentences as real answers have
        chosen = [rng.choice(self._answers) for _ in range(wanted)]
        characters = sum(map(len, chosen))
        while characters * PROMPT_SHARE < len(instruction) + len(context):
            chosen.append(rng.choice(self._answers))
            characters += len(chosen[-1])
        return Exchange(instruction, context, self._joiner.join(chosen))


def edited(exchange: Exchange, language: str, rng: random.Random) -> Exchange:
    """The same with a few words of the answer replaced."""
    chinese = language == CHINESE
    parts = list(exchange.output) if chinese else exchange.output.split(" ")
    for _ in range(max(1, len(parts) // (CHARACTERS_PER_EDIT if chinese else WORDS_PER_EDIT))):
        place = rng.randrange(len(parts))
        others = [
            word for word in ("的了是在有和与为中大" if chinese else ["the", "a", "very", "one", "also"]) if word != parts[place]
        ]
        parts[place] = rng.choice(others)
    return exchange._replace(output=("" if chinese else " ").join(parts))


def new_row(sentences: Sentences, language: str, rng: random.Random) -> LabelledRow:
    """A row that repeats none; a few of them carry a defect."""
    exchange = sentences.exchange(rng)
    point = rng.random()
    for kind, defect in DEFECTS.items():
        if point < defect.share:
            planted = defect.plant(Text(exchange.prompt, exchange.output, language), rng)
            return LabelledRow(exchange._replace(output=planted.answer), Label(kind, language, trace=planted.trace))
        point -= defect.share
    return LabelledRow(exchange, Label(CLEAN, language))


def labelled_rows(exchanges: list[Exchange], count: int, seed: int = SEED) -> Iterator[LabelledRow]:
    """That many rows, 60 % of them Chinese."""
    rng = random.Random(seed)  # noqa: S311 - test data, which must be the same again
    by_language = {
        CHINESE: [e for e in exchanges if e.language == CHINESE],
        ENGLISH: [e for e in exchanges if e.language == ENGLISH],
    }
    sentences = {language: Sentences(known, language) for language, known in by_language.items()}
    repeatable: list[tuple[int, LabelledRow]] = []
    clean = 0
    for number in range(count):
        point = rng.random()
        if repeatable and point < EXACT_SHARE + NEAR_SHARE:
            original, (exchange, label) = rng.choice(repeatable)
            if point < EXACT_SHARE:
                yield LabelledRow(exchange, Label(EXACT, label.language, original))
            else:
                yield LabelledRow(edited(exchange, label.language, rng), Label(NEAR, label.language, original))
            continue
        language = CHINESE if rng.random() < CHINESE_SHARE else ENGLISH
        row = new_row(sentences[language], language, rng)
        if row.label.kind == CLEAN:
            clean += 1
            if len(repeatable) < REPEATABLE_ROWS:
                repeatable.append((number, row))
            elif (place := rng.randrange(clean)) < REPEATABLE_ROWS:
                repeatable[place] = (number, row)
        yield row


def write_rows(rows: Iterator[LabelledRow], data: Path, labels: Path) -> Counter[str]:
    """Streams rows and labels into two files and counts what was planted."""
    counts: Counter[str] = Counter()
    with data.open("wb") as data_file, labels.open("w") as label_file:
        for exchange, label in rows:
            line = orjson.dumps(exchange._asdict())
            data_file.write((line[: len(line) // 2] if label.kind == BROKEN_JSON else line) + b"\n")
            repeats = "" if label.repeats is None else label.repeats
            label_file.write(f"{label.kind}\t{label.language}\t{repeats}\t{json.dumps(label.trace)}\n")
            counts[label.kind] += 1
    return counts


def read_labels(labels: Path) -> list[Label]:
    """The labels of a file made by `write_rows`."""
    parts = (line.split("\t") for line in labels.read_text().splitlines())
    return [
        Label(kind, language, int(repeats) if repeats else None, json.loads(trace)) for kind, language, repeats, trace in parts
    ]


def main() -> None:
    """`python -m benchmarks.data_engine_rows FOLDER ROWS` writes FOLDER/rows.jsonl and FOLDER/labels.tsv."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    rows = labelled_rows(real_exchanges(test_data()), count)
    print(json.dumps(write_rows(rows, folder / "rows.jsonl", folder / "labels.tsv")))


if __name__ == "__main__":
    main()
