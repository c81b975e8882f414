"""Whatever bytes come in: rows are kept or rejected and all accounted for, or a clear error says what was found."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sft_trainer.contract import (
    DedupeSettings,
    Gates,
    NearDuplicateSettings,
    ObjectRef,
    PinnedDataset,
    PrepareConfig,
    PrepareResult,
    Source,
    StorePrefix,
    StoreSource,
)
from sft_trainer.data.gates import DatasetRejected
from sft_trainer.data.prepare import prepare
from sft_trainer.failure import TrainerFailure
from tests.unit.trainer.data.read_back import read_back

SIMILAR = st.integers(0, 5).map(
    lambda number: f"The pump of the third well stops when its valve stays shut for {number} minutes."
)
"""Near duplicates of one another."""
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ROW = st.one_of(
    st.fixed_dictionaries({"prompt": TEXT, "completion": TEXT}),
    st.fixed_dictionaries({"instruction": TEXT, "output": TEXT}, optional={"input": TEXT, "system": TEXT}),
    st.fixed_dictionaries(
        {"messages": st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": TEXT}))}
    ),
    st.recursive(
        st.none() | st.booleans() | st.floats() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=6
    ),
)
LINES = st.lists(ROW, max_size=8).map(lambda rows: "\n".join(map(json.dumps, rows)).encode())
SOUP = st.one_of(
    st.binary(max_size=300),
    LINES,
    st.builds(bytes.__add__, LINES, st.binary(max_size=40)),
    st.builds(
        bytes.__add__,
        st.sampled_from([b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xff\xff\xff", b"PAR1", b"ARROW1", b"PK\x03\x04", b"[", b"{", b'"']),
        LINES,
    ),
    st.lists(ROW, max_size=5).map(lambda rows: json.dumps(rows).encode()),
    st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=5).map(
        lambda rows: "\n".join(["question,answer", *(",".join(cells) for cells in rows)]).encode("gb18030")
    ),
)
PACKERS: list[Callable[[bytes], bytes]] = [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress]
PACKED = st.builds(
    lambda data, pack, cut: pack(data)[: cut or None], SOUP, st.sampled_from(PACKERS), st.sampled_from([0, 0, 0, -3])
)


def prepared(folder: Path, *files: bytes) -> PrepareResult:
    (folder / "raw").mkdir()
    (folder / "scratch").mkdir()
    sources = []
    for number, data in enumerate(files):
        path = folder / "raw" / f"file-{number}"
        path.write_bytes(data)
        sources.append(Source(name=f"s{number}", store=StoreSource(uri=f"file://{path}")))
    config = PrepareConfig(
        owner=ObjectRef(namespace="team", name="soup", uid="u"),
        attempt=1,
        sources=sources,
        dedupe=DedupeSettings(near=NearDuplicateSettings()),
        eval_percent=10,
        gates=Gates(max_reject_percent=100, min_rows=1),
        versions=StorePrefix(uri=f"file://{folder}/versions/"),
        run=StorePrefix(uri=f"file://{folder}/run/"),
    )
    return prepare(config, folder / "scratch")


@settings(max_examples=150, deadline=None)
@given(PACKED)
@example(b"")
@example(b'{"\x01"')
@example(b'{"prompt": "a", "completion": "b"}' + b"\n" * 3 + b"\x00")
@example(b"[" * 3000)
@example(b'{"a":' * 3000)
@example(b'{"prompt":"q","completion":"a","tools":[' + b'{"a":' * 400 + b"1" + b"}" * 400 + b"]}\n")
@example(b"question,answer\ra,b\rc,d\r")
@example(b"\xff\xff\xff\xff\xff\xff\xff\x7f" + b"x" * 40)
@example(b'question,answer\n"a "b" c\nd",e\n' * 20)
@example(b'{"data": [], "items": [{"prompt": "a"}], "test": [1]}')
@example(b'question,answer\n"never,closed\n' * 20)
def test_any_bytes_end_in_a_version_or_in_a_clear_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = prepared(Path(folder), data)
        except (TrainerFailure, DatasetRejected) as ended:
            failure = ended.failure if isinstance(ended, DatasetRejected) else ended
            assert failure.message
            assert failure.remedy
            if isinstance(ended, TrainerFailure):
                return
            accounting = ended.ledger.accounting()
        else:
            accounting = result.accounting
        assert accounting.read == accounting.kept + sum(accounting.rejected.values())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(TEXT | SIMILAR, TEXT | SIMILAR), min_size=1, max_size=12, unique=True),
    st.randoms(use_true_random=False),
    st.integers(1, 3),
)
def test_neither_order_nor_files_nor_sources_change_the_digest(
    pairs: list[tuple[str, str]], order: random.Random, parts: int
) -> None:
    rows = [json.dumps({"prompt": f"q {one}", "completion": f"a {other}"}).encode() for one, other in pairs]
    shuffled = list(rows)
    order.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        try:
            whole = prepared(Path(one), b"\n".join(rows))
        except DatasetRejected:
            return
        shares = [b"\n".join(shuffled[part::parts]) for part in range(parts)]
        assert prepared(Path(many), *[share for share in shares if share]).digest == whole.digest


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8, unique=True))
def test_what_is_published_reads_back_to_the_same_version(pairs: list[tuple[str, str]]) -> None:
    rows = [json.dumps({"prompt": f"q {one}", "completion": f"a {other}"}).encode() for one, other in pairs]
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        try:
            result = prepared(Path(first), b"\n".join(rows))
        except DatasetRejected:
            return
        pinned = PinnedDataset(name="soup", digest=result.digest, store=StorePrefix(uri=result.uri))
        scratch = Path(first) / "trainer"
        back = [row.content.document() for split in read_back(pinned, scratch).values() for row in split]
        again = prepared(Path(second), b"\n".join(json.dumps(document).encode() for document in back))
        assert again.digest == result.digest
        assert again.accounting.rejected == {}
