"""Row accounting: every row read is kept or rejected, always, for each source; rejected rows are written down with their text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import orjson
import zstandard

from sft_trainer.contract import Accounting, RejectedRow
from sft_trainer.data.cleaning.cleaner import THINKING, TOO_LONG, TOO_SHORT, WRONG_LANGUAGE
from sft_trainer.data.cleaning.json_strings import strings_in, with_strings
from sft_trainer.data.cleaning.protect import PERSONAL_DATA, SECRET
from sft_trainer.data.duplicates import DUPLICATE, NEAR_DUPLICATE
from sft_trainer.data.length_outliers import LENGTH_OUTLIER
from sft_trainer.data.rows import Origin
from sft_trainer.data.sampling import NOT_SAMPLED
from sft_trainer.store.paths import inside

NO_FAULT = frozenset(
    {DUPLICATE, NEAR_DUPLICATE, NOT_SAMPLED, "Contaminated", LENGTH_OUTLIER, WRONG_LANGUAGE, TOO_SHORT, TOO_LONG, THINKING}
)
"""Reasons that are no error of the data, but what its owner asked to be left out, or what is there already: gates do not count
them, and they are not shown first."""
SHOWN = 5
"""Rejected rows that fit into a status; all of them stand in rejects/."""
SAMPLES = 3
"""Rows of each reason that the report shows."""
MAX_TEXT = 4096
"""Characters of a rejected row that are kept: enough to recognise it."""


MAX_MASKED_BYTES = 16 * MAX_TEXT
"""What is looked through of it: enough that nothing shown is cut, little enough that a line of 4 GB costs nothing."""
_ESCAPE = re.compile(r"\\u(?![dD][89a-fA-F])([0-9A-Fa-f]{4})")
_LOOKS_SENSITIVE = re.compile(
    r"[0-9\uff10-\uff19](?:(?:[\W_]|&#?\w{1,8};){0,3}[0-9\uff10-\uff19]){6,}|[\w.+-]+[@\uff20][\w.-]+|[A-Za-z0-9_+/=-]{16,}"
)
"""Numbers, addresses and keys of any form. In rows that are rejected for such, all are hidden: none may be the wrong one."""


class RejectedText(NamedTuple):
    """A row that was not kept, and the beginning of its text."""

    origin: Origin
    reason: str
    text: str


class Ledger:
    """Counts rows and writes rejects/<source>.jsonl.zst below a folder."""

    def __init__(self, folder: Path, masked: Callable[[str], str]) -> None:
        self._folder = folder
        self._masked = masked
        self._writers: dict[str, zstandard.ZstdCompressionWriter] = {}
        self.read: Counter[str] = Counter()
        self.rejected: dict[str, Counter[str]] = {}
        self.first: list[RejectedRow] = []
        self.samples: dict[str, list[RejectedText]] = {}
        """The first few rows of each reason, with their text."""

    def count_read(self, source: str) -> None:
        """One row was read."""
        self.read[source] += 1

    def reject(self, origin: Origin, reason: str, text: bytes) -> None:
        """One row was not kept."""
        self.rejected.setdefault(origin.source, Counter())[reason] += 1
        if reason not in NO_FAULT and len(self.first) < SHOWN:
            self.first.append(RejectedRow(**origin._asdict(), reason=reason))
        row = RejectedText(origin, reason, self._shown(text, reason))
        samples = self.samples.setdefault(reason, [])
        if len(samples) < SAMPLES:
            samples.append(row)
        self._writer(origin.source).write(orjson.dumps({**origin._asdict(), "reason": reason, "text": row.text}) + b"\n")

    def _shown(self, data: bytes, reason: str) -> str:
        """Masked before it is cut: half a number is still a number."""
        text = data[:MAX_MASKED_BYTES].decode(errors="replace")
        if "\\u" in text:
            with suppress(ValueError, TypeError):
                text = orjson.dumps(orjson.loads(text)).decode()
        masked = self._masked(text)
        if masked != text or "\\u" in text or "\\/" in text:
            masked = self._masked_by_string(text)
        if reason in (PERSONAL_DATA, SECRET):
            masked = _LOOKS_SENSITIVE.sub("[HIDDEN]", masked)
        return masked[:MAX_TEXT]

    def _masked_by_string(self, text: str) -> str:
        """Each string for itself, as what it says and not as it is escaped; what is no JSON, as it stands."""
        strings = strings_in(text)
        if strings is None:
            return self._masked(_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text))
        return with_strings(text, [self._masked(string) for string in strings])

    def _writer(self, source: str) -> zstandard.ZstdCompressionWriter:
        if source not in self._writers:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = inside(self._folder, f"{source}.jsonl.zst").open("wb")
            self._writers[source] = zstandard.ZstdCompressor().stream_writer(file)
        return self._writers[source]

    def close(self) -> None:
        """Finishes the files."""
        for writer in self._writers.values():
            writer.close()  # type: ignore[no-untyped-call]

    def accounting(self, source: str | None = None) -> Accounting:
        """Of one source, or of all."""
        sources = [source] if source else list(self.read)
        rejected: Counter[str] = sum((self.rejected.get(name, Counter()) for name in sources), Counter())
        read = sum(self.read[name] for name in sources)
        return Accounting(read=read, kept=read - rejected.total(), rejected=dict(sorted(rejected.items())))

    def check(self, kept: int) -> None:
        """Compares the books with the rows that are really there; a difference is a fault of ours, and nothing is published."""
        accounting = self.accounting()
        if accounting.kept != kept:
            raise RuntimeError(f"{accounting.read} rows were read and {accounting.kept} should be kept, but {kept} are there")
