"""Which planted defects were found, and what became of rows in which nothing was planted? Told from what was published.

A defect is found when its row was rejected for a reason that is its own, or when what was planted stands no longer in the row
that was published. Rules that a spec has to ask for (refusals, truncated answers, another language) are asked for here, of the
cleaner alone. Rows without a planted defect are made of real ones, and real ones have defects of their own: what is said of
them is an upper bound of what is rejected or changed by mistake.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from benchmarks.data_engine_rows import CLEAN, Label
from benchmarks.planted_defects import DEFECTS
from sft_trainer.contract import CleanSettings, Refusing, RowFormat
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.detection.lines import Line
from sft_trainer.data.parse import parse_line
from sft_trainer.data.rows import Content, RowRejected

ASKED_FOR: Mapping[str, CleanSettings] = {
    "refusal": CleanSettings(refusals=Refusing.REJECT),
    "truncated": CleanSettings(truncated_answers=Refusing.REJECT),
    "other_language": CleanSettings(language_mismatch=Refusing.REJECT),
}
"""By defect, each alone: of several reasons for one row only the first is told."""
MAX_TRIED = 20_000
"""Sound rows on which the rules are tried that a spec has to ask for."""
SHOWN, SHOWN_CHARACTERS = 3, 80
ROWS_AT_ONCE = 10_000

Texts = tuple[str, ...]
"""What each turn of a row says."""


class Missed(NamedTuple):
    """A planted defect that was published."""

    line: int
    kind: str
    language: str
    answer: str
    """Its beginning and its end."""


class Findings(NamedTuple):
    """What the benchmark says of defects."""

    figures: dict[str, float]
    missed: list[Missed]
    """The first few of each kind, to look at."""


def find_defects(folder: Path, labels: Sequence[Label], rejected: Mapping[int, str]) -> Findings:
    """`rejected` holds for each rejected row, by its number, the reason; duplicates, which say nothing of a row, left out."""
    found: defaultdict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    missed: list[Missed] = []
    published = dict(planted_and_published(folder, labels))
    for number, label in enumerate(labels):
        if label.kind not in DEFECTS or label.kind in ASKED_FOR:
            continue
        is_found = is_found_in(label, rejected.get(number), published.get(number))
        if is_found is None:
            continue
        found[label.kind][label.language].append(is_found)
        if not is_found:
            missed.append(Missed(number + 1, label.kind, label.language, _ends_of(published[number][-1])))
    figures = {f"{kind}_recall": worse_share(by_language.values()) for kind, by_language in found.items()}
    figures |= _clean_figures(folder, labels, rejected) | _asked_for(folder, labels, missed)
    return Findings(figures, list(_first_of_each(missed)))


def is_found_in(label: Label, reason: str | None, published: Texts | None) -> bool | None:
    """None where the row went for another reason: nobody knows whether the defect would have been found as well."""
    if reason in DEFECTS[label.kind].reasons:
        return True
    if published is None:
        return None
    return label.trace is not None and not any(label.trace in text for text in published)


def planted_and_published(folder: Path, labels: Sequence[Label]) -> Iterator[tuple[int, Texts]]:
    """The published rows in which something was planted, by their numbers."""
    return ((number, texts) for number, texts in published_rows(folder) if labels[number].kind in DEFECTS)


def published_rows(folder: Path) -> Iterator[tuple[int, Texts]]:
    """Every row of the version that was published, by its number in the source."""
    for path in sorted((folder / "versions").glob("*/*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(ROWS_AT_ONCE, columns=["messages", "meta"]):
            for row in batch.to_pylist():
                yield row["meta"]["line"] - 1, tuple(message["content"] for message in row["messages"])


def read_rows(folder: Path) -> Iterator[tuple[int, Content]]:
    """Every row that can be read, as it came."""
    with (folder / "rows.jsonl").open("rb") as lines:
        for number, data in enumerate(lines):
            with suppress(RowRejected):
                yield number, parse_line(Line("rows.jsonl", number + 1, data), RowFormat.AUTO).content


def worse_share(claims: Iterable[Sequence[bool]]) -> float:
    """The share that holds in the language in which fewer hold."""
    return min(sum(held) / len(held) for held in claims)


def _clean_figures(folder: Path, labels: Sequence[Label], rejected: Mapping[int, str]) -> dict[str, float]:
    """Shares of the rows in which nothing was planted, for each reason and each kind of change."""
    clean = sum(label.kind == CLEAN for label in labels)
    reasons = Counter(reason for number, reason in rejected.items() if labels[number].kind == CLEAN)
    published = {number: hash(texts) for number, texts in published_rows(folder) if labels[number].kind == CLEAN}
    cleaner, changes, changed = Cleaner(CleanSettings()), Counter[str](), 0
    for number, content in read_rows(folder):
        if number in published and hash(tuple(message.content for message in content.messages)) != published[number]:
            changed += 1
            changes.update(cleaner.clean(content).changes)
    figures = {"clean_rejected_share": reasons.total() / clean, "clean_changed_share": changed / clean}
    figures |= {f"clean_rejected_share_{reason}": count / clean for reason, count in sorted(reasons.items())}
    return figures | {f"clean_changed_share_{change}": count / clean for change, count in sorted(changes.items())}


def _asked_for(folder: Path, labels: Sequence[Label], missed: list[Missed]) -> dict[str, float]:
    """The same for rules that are off by default, missed ones added; rows in which nothing was planted are the first ones."""
    cleaners = {kind: Cleaner(settings) for kind, settings in ASKED_FOR.items()}
    found: defaultdict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    tried, reasons = 0, Counter[str]()
    for number, content in read_rows(folder):
        kind, language = labels[number].kind, labels[number].language
        if kind in cleaners:
            found[kind][language].append(_reason(cleaners[kind], content) in DEFECTS[kind].reasons)
            if not found[kind][language][-1]:
                missed.append(Missed(number + 1, kind, language, _ends_of(content.messages[-1].content)))
        elif kind == CLEAN and tried < MAX_TRIED:
            tried += 1
            reasons.update(filter(None, (_reason(cleaner, content) for cleaner in cleaners.values())))
    of_rules = sorted(reason for kind in cleaners for reason in DEFECTS[kind].reasons)
    figures = {f"{kind}_recall": worse_share(by_language.values()) for kind, by_language in found.items()}
    return figures | {f"clean_rejected_share_{reason}_if_asked_for": reasons[reason] / tried for reason in of_rules}


def _reason(cleaner: Cleaner, content: Content) -> str | None:
    try:
        cleaner.clean(content)
    except RowRejected as rejection:
        return rejection.reason
    return None


def _first_of_each(missed: Iterable[Missed]) -> Iterator[Missed]:
    shown: Counter[str] = Counter()
    for each in missed:
        shown[each.kind] += 1
        if shown[each.kind] <= SHOWN:
            yield each


def _ends_of(answer: str) -> str:
    return answer if len(answer) <= 2 * SHOWN_CHARACTERS else f"{answer[:SHOWN_CHARACTERS]} ... {answer[-SHOWN_CHARACTERS:]}"
