"""What models will be evaluated with: rows that repeat it would turn a score into a lie, and are not published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from sft_trainer.contract import Accounting, CompareBy, PrepareConfig, Reason
from sft_trainer.data.cleaning.protect import Protector
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.near_duplicates.contamination import Contamination
from sft_trainer.data.parse import parse_line
from sft_trainer.data.row_columns import content_of
from sft_trainer.data.row_text import row_text
from sft_trainer.data.rows import Origin, RowRejected
from sft_trainer.data.sources import SourceReader
from sft_trainer.failure import invalid

CONTAMINATED = "Contaminated"
BATCH = 2_000
MAX_ROWS_OF_TEXT = 3
"""A question that is asked with other options once or twice is still a question; what more rows say is said around them."""


@dataclass(frozen=True, slots=True)
class Contaminated:
    """The rows that repeat what models are evaluated with, and how much of that there was to compare with."""

    numbers: frozenset[int]
    evaluation: Mapping[str, Accounting]
    """By evaluation source: rows read, and those that could be compared."""


def evaluation_texts(config: PrepareConfig, ledger: Ledger, scratch: Path) -> Iterator[str]:
    """Of every row of the evaluation sources the text, and what it asks: a question with a new, longer answer repeats it, too.

    Benchmarks have shapes of their own (a question and its options, a passage): of a row that is none to train on, each of its
    texts counts, and all of them together. Rows without any go to the ledger, which is theirs alone. Raises TrainerFailure when a
    source has nothing to compare with.
    """
    for source in config.evaluation_sources:
        of_other_shapes: list[list[str]] = []
        for line in SourceReader(source, config.network).lines(scratch):
            ledger.count_read(source.name)
            try:
                content = parse_line(line, source.format, source.field_map).content
                yield from (row_text(content), row_text(content, CompareBy.INSTRUCTION))
            except RowRejected as rejection:
                strings = [] if line.is_too_long else _strings(line.data)
                of_other_shapes.append(strings)
                if not strings:
                    ledger.reject(Origin(source.name, line.file, line.number), rejection.reason, line.data)
        yield from _own_texts(of_other_shapes)
        _require_texts(source.name, ledger.accounting(source.name))


def _own_texts(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each text of each row, and all of them together, but for those that several rows share: instructions, licences, names."""
    rows_with = Counter(text for strings in rows for text in set(strings))
    for strings in rows:
        own = [text for text in strings if rows_with[text] <= MAX_ROWS_OF_TEXT]
        yield from own
        yield "\n".join(own)


def _strings(data: bytes) -> list[str]:
    """Every text in a JSON document, names aside."""
    try:
        remaining = [orjson.loads(data)]
    except orjson.JSONDecodeError:
        return []
    strings: list[str] = []
    while remaining:
        value = remaining.pop()
        if isinstance(value, str):
            strings.append(value)
        elif isinstance(value, dict | list):
            remaining.extend(reversed(list(value.values() if isinstance(value, dict) else value)))
    return strings


def _require_texts(name: str, accounting: Accounting) -> None:
    if not accounting.kept:
        message = f"source '{name}' of contamination.sources: none of its {accounting.read} rows holds text to compare with"
        raise invalid(Reason.SOURCE_UNREADABLE, message, "name a file whose rows are JSON objects, or a table, with text in them")


def contaminated_rows(config: PrepareConfig, rows: KeptRows, folder: Path, scratch: Path) -> Contaminated:
    """Compares all rows; evaluation rows without text are listed below `folder`."""
    if not config.evaluation_sources:
        return Contaminated(frozenset(), {})
    with closing(Ledger(folder, Protector(config.clean).masked)) as ledger:
        contamination = Contamination(config.contamination, evaluation_texts(config, ledger, scratch))
    evaluation = {source.name: ledger.accounting(source.name) for source in config.evaluation_sources}
    return Contaminated(frozenset(_repeating(contamination, rows)), evaluation)


def _repeating(contamination: Contamination, rows: KeptRows) -> Iterator[int]:
    numbers = iter(range(len(rows)))
    while batch := list(islice(numbers, BATCH)):
        texts = [row_text(content_of(rows.document(number))) for number in batch]
        yield from (number for number, repeats in zip(batch, contamination.contaminated(texts), strict=True) if repeats)
