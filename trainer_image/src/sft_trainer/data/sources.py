"""Streams the rows of a source, file by file, each taken for what its content says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sft_trainer.contract import NetworkSettings, Reason, Source
from sft_trainer.data.detection.file_form import FileForm, form_of
from sft_trainer.data.detection.layout import Layout
from sft_trainer.data.detection.lines import Line, read_lines
from sft_trainer.data.detection.unreadable import UnreadableFile
from sft_trainer.data.masked_message import masked_message
from sft_trainer.data.origins.fetch import FetchedFile, fetch
from sft_trainer.failure import TrainerFailure, invalid
from sft_trainer.network.address_guard import shown


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read: what it was, and what it was taken for."""

    key: str
    identity: str
    revision: str
    form: FileForm


FilesOfSource = Sequence[tuple[ReadFile, str]]
"""The files that were read, each with the shape of its rows."""
FilesRead = Mapping[str, FilesOfSource]
"""The same by source."""


@dataclass(slots=True)
class SourceReader:
    """The rows of one source; `files` grows while they are read."""

    source: Source
    network: NetworkSettings
    files: list[ReadFile] = field(default_factory=list)

    def lines(self, scratch: Path) -> Iterator[Line]:
        """Every row that is not blank. Raises TrainerFailure when there is nothing to read, or a file cannot be read."""
        has_rows = False
        for fetched in fetch(self.source, scratch, self.network):
            for line in self._lines_of(fetched):
                has_rows = True
                yield line
        if not has_rows:
            message = f"source '{self.source.name}' has no rows, only blank lines"
            raise invalid(Reason.SOURCE_EMPTY, message, "add rows and raise spec.run")

    def _lines_of(self, fetched: FetchedFile) -> Iterator[Line]:
        try:
            form = form_of(fetched.path)
            form = replace(form, evidence=tuple(map(masked_message, self._evidence(form, fetched))))
            self._check_inline(form)
            self.files.append(ReadFile(fetched.key, fetched.identity, fetched.revision, form))
            yield from read_lines(fetched.path, fetched.key, form)
        except UnreadableFile as unreadable:
            raise self._unreadable(fetched.key, unreadable) from unreadable

    def _evidence(self, form: FileForm, fetched: FetchedFile) -> tuple[str, ...]:
        """That of the first file says what else is there."""
        if self.files or not fetched.passed_over:
            return form.evidence
        return (*form.evidence, f"beside the files that are read there is, and by its name is not read: {fetched.passed_over}")

    def _check_inline(self, form: FileForm) -> None:
        if self.source.inline is not None and form.layout not in (Layout.JSON_LINES, None):
            raise UnreadableFile(f"is not JSONL but a {form.layout}", "give one JSON object a line")

    def _unreadable(self, key: str, unreadable: UnreadableFile) -> TrainerFailure:
        where = "the inline text" if self.source.inline is not None else f"file {key}"
        return invalid(
            Reason.SOURCE_UNREADABLE,
            f"source '{self.source.name}': {where} {masked_message(unreadable.found)}",
            f"{unreadable.remedy}; then raise spec.run",
        )


def location_of(source: Source) -> str | None:
    """The place for people; None for rows that stand in the manifest."""
    if source.store is not None:
        return source.store.uri
    if source.http is not None:
        return shown(source.http.url)
    if source.hugging_face is not None:
        return f"{source.hugging_face.endpoint.rstrip('/')}/datasets/{source.hugging_face.repository}"
    return f"catalog: {source.catalog.name}" if source.catalog is not None else None
