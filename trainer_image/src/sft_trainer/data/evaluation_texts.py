"""What models will be evaluated with: rows that repeat it would turn a score into a lie, and are not published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from sft_trainer.contract import CompareBy, PrepareConfig
from sft_trainer.data.cleaning.protect import Protector
from sft_trainer.data.kept_rows import KeptRows
from sft_trainer.data.ledger import Ledger
from sft_trainer.data.near_duplicates.contamination import Contamination
from sft_trainer.data.parse import parse_line
from sft_trainer.data.row_columns import content_of
from sft_trainer.data.row_text import row_text
from sft_trainer.data.rows import Origin, RowRejected
from sft_trainer.data.sources import SourceReader

CONTAMINATED = "Contaminated"
BATCH = 2_000


def evaluation_texts(config: PrepareConfig, ledger: Ledger, scratch: Path) -> Iterator[str]:
    """Of every row of the evaluation sources the text, and what it asks: a question with a new, longer answer repeats it, too.

    Rows that cannot be read go to the ledger, which is theirs alone.
    """
    for source in config.evaluation_sources:
        for line in SourceReader(source, config.network).lines(scratch):
            ledger.count_read(source.name)
            try:
                content = parse_line(line, source.format, source.field_map).content
                yield row_text(content)
                yield row_text(content, CompareBy.INSTRUCTION)
            except RowRejected as rejection:
                ledger.reject(Origin(source.name, line.file, line.number), rejection.reason, line.data)


def contaminated_rows(config: PrepareConfig, rows: KeptRows, folder: Path, scratch: Path) -> Iterator[int]:
    """The numbers of the rows that repeat evaluation rows; evaluation rows that cannot be read are listed below `folder`."""
    if not config.evaluation_sources:
        return
    with closing(Ledger(folder, Protector(config.clean).masked)) as ledger:
        contamination = Contamination(config.contamination, evaluation_texts(config, ledger, scratch))
    numbers = iter(range(len(rows)))
    while batch := list(islice(numbers, BATCH)):
        texts = [row_text(content_of(rows.document(number))) for number in batch]
        yield from (number for number, repeats in zip(batch, contamination.contaminated(texts), strict=True) if repeats)
