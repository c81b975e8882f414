"""From sources to a published version: every row accounted for, the version named by its content, failures told in full."""

from __future__ import annotations

import hashlib
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from sft_trainer.contract import (
    CleanSettings,
    CompareBy,
    DedupeSettings,
    DuplicateAction,
    ExportShape,
    FeatureSettings,
    FieldMap,
    Gates,
    NearDuplicateSettings,
    ObjectRef,
    PinnedDataset,
    PrepareConfig,
    PrepareResult,
    Reason,
    RowFormat,
    Source,
    StorePrefix,
    StoreSource,
    WeightFormat,
)
from sft_trainer.data.gates import DatasetRejected
from sft_trainer.data.prepare import prepare
from sft_trainer.failure import TrainerFailure
from sft_trainer.model.description import describe
from sft_trainer.plan.token_counts import count_tokens
from sft_trainer.store.manifest import MANIFEST
from tests.unit.trainer.data.read_back import read_back
from tests.unit.trainer.model.models import write_model


def qa(question: str, answer: str) -> str:
    return json.dumps({"prompt": question, "completion": answer}, ensure_ascii=False)


GOOD = [qa(f"question {number}", f"answer {number}") for number in range(40)]


class Bench:
    """A local store and a config for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = 0

    def put(self, key: str, content: str | bytes) -> None:
        path = self.folder / "raw" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def source(self, name: str, key: str, row_format: RowFormat = RowFormat.AUTO) -> Source:
        return Source(name=name, store=StoreSource(uri=f"file://{self.folder}/raw/{key}"), format=row_format)

    def prepare(self, *sources: Source, **changes: Any) -> PrepareResult:
        """One pod with a disk of its own."""
        self.runs += 1
        scratch = self.folder / f"scratch-{self.runs}"
        scratch.mkdir()
        fields: dict[str, Any] = {
            "eval_percent": 20,
            "gates": Gates(max_reject_percent=10, min_rows=1),
        }
        config = PrepareConfig(
            owner=ObjectRef(namespace="team", name="faq", uid="u"),
            attempt=1,
            sources=list(sources),
            versions=StorePrefix(uri=f"file://{self.folder}/versions/"),
            run=StorePrefix(uri=f"file://{self.folder}/run/"),
            **(fields | changes),
        )
        return prepare(config, scratch)

    def report(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "run" / "report.json").read_text())
        return content

    def rejects(self, source: str) -> list[dict[str, Any]]:
        data = (self.folder / "run" / "rejects" / f"{source}.jsonl.zst").read_bytes()
        text = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read().decode()
        return [json.loads(line) for line in text.splitlines()]

    def pinned(self, result: PrepareResult) -> PinnedDataset:
        return PinnedDataset(name="faq", digest=result.digest, store=StorePrefix(uri=result.uri))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_published_version_reads_back_row_for_row(bench: Bench, tmp_path: Path) -> None:
    bench.put("faq.jsonl", "\n".join(GOOD))
    result = bench.prepare(bench.source("faq", "faq.jsonl"))
    rows = read_back(bench.pinned(result), tmp_path / "trainer")
    assert (len(rows["train"]), len(rows["eval"])) == (result.train_rows, result.eval_rows)
    assert result.train_rows + result.eval_rows == len(GOOD)
    assert 0 < result.eval_rows < result.train_rows
    texts = {row.content.messages[0].content: row.content.messages[1].content for split in rows.values() for row in split}
    assert texts == {f"question {number}": f"answer {number}" for number in range(40)}
    by_line = {row.origin.line: row for split in rows.values() for row in split}
    assert by_line[7].content.messages[0].content == "question 6"
    assert by_line[7].origin.file == "faq.jsonl"


def test_a_version_is_files_a_card_and_a_manifest_named_by_its_digest(bench: Bench) -> None:
    bench.put("faq.jsonl", "\n".join(GOOD))
    result = bench.prepare(bench.source("faq", "faq.jsonl"))
    folder = bench.folder / "versions" / result.digest
    assert result.uri == f"file://{folder}/"
    kinds = sorted(path.name.split("-")[0] for path in folder.iterdir())
    assert kinds == [MANIFEST, "README.md", "eval", "train"]
    assert result.digest in (folder / "README.md").read_text()
    assert result.bytes == sum(path.stat().st_size for path in folder.iterdir() if path.name != MANIFEST)


def test_every_row_read_is_kept_or_rejected_for_each_source_and_in_all(bench: Bench) -> None:
    bench.put("a.jsonl", "\n".join([*GOOD[:10], GOOD[0], "{broken", "", qa("q", " ")]))
    bench.put("b.jsonl", "\n".join([GOOD[1], *GOOD[10:], '{"text": "of another shape"}']))
    result = bench.prepare(
        bench.source("beta", "b.jsonl"), bench.source("alpha", "a.jsonl"), bench_gate := Source(name="c", inline=GOOD[2])
    )
    assert bench_gate.inline
    assert result.accounting.model_dump() == {
        "read": 46,
        "kept": 40,
        "rejected": {"DuplicateRow": 3, "EmptyAnswer": 1, "NotJson": 1, "TextWithoutTurns": 1},
    }
    sources = {source["name"]: source["accounting"] for source in bench.report()["sources"]}
    assert sources["alpha"] == {"read": 13, "kept": 10, "rejected": {"DuplicateRow": 1, "EmptyAnswer": 1, "NotJson": 1}}
    assert sources["beta"] == {"read": 32, "kept": 30, "rejected": {"DuplicateRow": 1, "TextWithoutTurns": 1}}
    assert sources["c"] == {"read": 1, "kept": 0, "rejected": {"DuplicateRow": 1}}
    assert bench.report()["total"] == result.accounting.model_dump()


def test_the_report_is_a_page_that_shows_kept_and_rejected_rows(bench: Bench) -> None:
    bench.put("a.jsonl", "\n".join([*GOOD, qa("<script>alert(1)</script>", " ")]))
    result = bench.prepare(bench.source("faq", "a.jsonl"))
    page = (bench.folder / "run" / "report.html").read_text()
    assert result.report_uri.endswith("/run/report.html")
    assert result.digest in page
    assert "answer 7" in page or "answer 1" in page
    assert "EmptyAnswer" in page
    assert "<script>alert" not in page


def test_the_card_names_the_sources_with_their_licences(bench: Bench) -> None:
    bench.put("a.jsonl", "\n".join(GOOD))
    source = bench.source("faq", "a.jsonl").model_copy(update={"license": "cc-by-nc-4.0", "domain": "support"})
    result = bench.prepare(source)
    card = (bench.folder / "versions" / result.digest / "README.md").read_text()
    assert "CC-BY-NC-4.0" in card
    assert "support" in card


def test_a_rejected_row_is_found_again_by_file_line_reason_and_text(bench: Bench) -> None:
    bench.put("in/a.jsonl", "\n".join([*GOOD, "", "{broken"]))
    bench.put("in/b.jsonl", "\r\n".join([qa("你好", " "), GOOD[0]]))
    result = bench.prepare(bench.source("faq", "in/"))
    assert bench.rejects("faq") == [
        {"source": "faq", "file": "a.jsonl", "line": 42, "reason": "NotJson", "text": "{broken"},
        {"source": "faq", "file": "b.jsonl", "line": 1, "reason": "EmptyAnswer", "text": qa("你好", " ")},
        {"source": "faq", "file": "b.jsonl", "line": 2, "reason": "DuplicateRow", "text": GOOD[0]},
    ]
    assert [(row.file, row.line, row.reason) for row in result.rejects] == [
        ("a.jsonl", 42, "NotJson"),
        ("b.jsonl", 1, "EmptyAnswer"),
    ], "duplicates are no error of the data, and are not shown first"


def test_of_rows_that_teach_the_same_the_least_source_file_and_line_survives(bench: Bench, tmp_path: Path) -> None:
    bench.put("in/b.jsonl", "\n".join(GOOD[:3]))
    bench.put("in/a.jsonl", "\n".join([*GOOD[3:], GOOD[1], GOOD[1]]))
    result = bench.prepare(bench.source("second", "in/b.jsonl"), bench.source("first", "in/"))
    rows = read_back(bench.pinned(result), tmp_path / "trainer")
    origins = {row.content.messages[0].content: row.origin for split in rows.values() for row in split}
    assert origins["question 1"] == ("first", "a.jsonl", 38)
    assert origins["question 2"] == ("first", "b.jsonl", 3)
    assert {origin.source for origin in origins.values()} == {"first"}


def _shuffled(rows: list[str]) -> list[str]:
    return random.Random(7).sample(rows, len(rows))  # noqa: S311 - the same order each time


def _repeated(rows: list[str]) -> list[str]:
    return rows + rows[:5]


def _with_other_fields(rows: list[str]) -> list[str]:
    return [json.dumps({"id": number, **json.loads(row)}) for number, row in enumerate(rows)]


def _in_another_shape(rows: list[str]) -> list[str]:
    documents = [json.loads(row) for row in rows]
    return [json.dumps({"instruction": each["prompt"], "input": "", "output": each["completion"]}) for each in documents]


@pytest.mark.parametrize("change", [_shuffled, _repeated, _with_other_fields, _in_another_shape])
def test_the_same_rows_have_the_same_digest_however_they_come(bench: Bench, change: Callable[[list[str]], list[str]]) -> None:
    bench.put("one.jsonl", "\n".join(GOOD))
    changed = change(GOOD)
    bench.put("many/a.jsonl", "\n".join(changed[:17]))
    bench.put("many/b.jsonl", "\n".join(changed[17:]))
    one = bench.prepare(bench.source("faq", "one.jsonl"))
    many = bench.prepare(bench.source("other", "many/"))
    assert many.digest == one.digest
    assert (many.train_rows, many.eval_rows) == (one.train_rows, one.eval_rows)


def test_another_word_is_another_version(bench: Bench) -> None:
    bench.put("one.jsonl", "\n".join(GOOD))
    bench.put("two.jsonl", "\n".join([*GOOD[1:], qa("question 0", "answer zero")]))
    one, two = bench.prepare(bench.source("faq", "one.jsonl")), bench.prepare(bench.source("faq", "two.jsonl"))
    assert one.digest != two.digest


def test_another_split_is_another_version(bench: Bench) -> None:
    bench.put("one.jsonl", "\n".join(GOOD))
    digests = {bench.prepare(bench.source("faq", "one.jsonl"), eval_percent=percent).digest for percent in (0, 20, 50)}
    assert len(digests) == 3


def test_preparing_again_uses_the_version_that_stands(bench: Bench) -> None:
    bench.put("one.jsonl", "\n".join(GOOD))
    bench.prepare(bench.source("faq", "one.jsonl"))
    before = {path: path.stat().st_mtime_ns for path in (bench.folder / "versions").rglob("*")}
    bench.prepare(bench.source("renamed", "one.jsonl"))
    assert {path: path.stat().st_mtime_ns for path in (bench.folder / "versions").rglob("*")} == before


class TestADamagedVersion:
    def _damage(self, bench: Bench, result: PrepareResult) -> None:
        next((bench.folder / "versions" / result.digest).glob("train-*.parquet")).write_bytes(b"PAR1 no more")

    def test_is_refused_by_a_reader(self, bench: Bench, tmp_path: Path) -> None:
        bench.put("one.jsonl", "\n".join(GOOD))
        result = bench.prepare(bench.source("faq", "one.jsonl"))
        self._damage(bench, result)
        with pytest.raises(TrainerFailure) as caught:
            read_back(bench.pinned(result), tmp_path / "trainer")
        assert caught.value.reason is Reason.DATASET_CORRUPT
        assert "train-00000" in caught.value.message

    def test_is_mended_by_preparing_again(self, bench: Bench, tmp_path: Path) -> None:
        bench.put("one.jsonl", "\n".join(GOOD))
        result = bench.prepare(bench.source("faq", "one.jsonl"))
        self._damage(bench, result)
        again = bench.prepare(bench.source("faq", "one.jsonl"))
        assert again.digest == result.digest
        assert len(read_back(bench.pinned(again), tmp_path / "trainer")["train"]) == result.train_rows

    def test_that_cannot_be_mended_says_what_to_delete(self, bench: Bench) -> None:
        bench.put("one.jsonl", "\n".join(GOOD))
        result = bench.prepare(bench.source("faq", "one.jsonl"))
        self._damage(bench, result)
        with pytest.raises(TrainerFailure) as caught:  # the same rows with other origins make other parquet bytes
            bench.prepare(bench.source("renamed", "one.jsonl"))
        assert caught.value.reason is Reason.DATASET_CORRUPT
        assert result.uri in caught.value.remedy


def test_rows_under_another_digest_are_refused(bench: Bench, tmp_path: Path) -> None:
    bench.put("one.jsonl", "\n".join(GOOD))
    result = bench.prepare(bench.source("faq", "one.jsonl"))
    other = bench.pinned(result).model_copy(update={"digest": "0" * 64})
    with pytest.raises(TrainerFailure) as caught:
        read_back(other, tmp_path / "trainer")
    assert caught.value.reason is Reason.DATASET_CORRUPT
    assert "000000000000" in caught.value.message


LONG = "The pump runs dry when its valve stays shut for longer than the tank needs to drain, which the controller notices. " * 3


class TestNearDuplicates:
    def rows(self) -> list[str]:
        nearly = [qa("What happens to the pump?", LONG + ending) for ending in ("Then it stops.", "Then it halts.", "It stops.")]
        return [*GOOD[:20], *nearly]

    def test_are_dropped_but_for_one_which_is_the_same_in_any_order_under_any_name(self, bench: Bench) -> None:
        near = DedupeSettings(near=NearDuplicateSettings())
        bench.put("a.jsonl", "\n".join(self.rows()))
        bench.put("b/1.jsonl", "\n".join(self.rows()[::-2]))
        bench.put("b/2.jsonl", "\n".join(self.rows()[-2::-2]))
        result = bench.prepare(bench.source("faq", "a.jsonl"), dedupe=near)
        assert {row["line"] for row in bench.rejects("faq")} < {21, 22, 23}
        assert result.accounting.rejected == {"NearDuplicate": 2}
        assert bench.prepare(bench.source("another", "b/"), dedupe=near).digest == result.digest
        assert result.rejects == [], "duplicates are no error of the data"

    def test_paraphrased_questions_with_one_answer_are_no_duplicates(self, bench: Bench) -> None:
        asked = ["What happens to the pump?", "Does anything happen to it then?", "Say when it stops."]
        bench.put("a.jsonl", "\n".join([*GOOD[:20], *(qa(question, LONG) for question in asked)]))
        result = bench.prepare(bench.source("faq", "a.jsonl"), dedupe=DedupeSettings(near=NearDuplicateSettings()))
        assert result.accounting.rejected == {}

    def test_that_are_kept_fall_on_one_side_of_the_split(self, bench: Bench, tmp_path: Path) -> None:
        bench.put("a.jsonl", "\n".join(self.rows()))
        keep = DedupeSettings(near=NearDuplicateSettings(action=DuplicateAction.KEEP))
        for percent in (10, 30, 50):
            result = bench.prepare(bench.source("faq", "a.jsonl"), dedupe=keep, eval_percent=percent)
            rows = read_back(bench.pinned(result), tmp_path / f"trainer-{percent}")
            sides = {split for split, members in rows.items() for row in members if row.origin.line > 20}
            assert len(sides) == 1
            assert result.accounting.kept == 23


def test_a_licence_declared_later_stands_on_the_card_beside_the_report(bench: Bench) -> None:
    bench.put("faq.jsonl", "\n".join(GOOD))
    source = bench.source("faq", "faq.jsonl")
    result = bench.prepare(source)
    declared = bench.prepare(source.model_copy(update={"license": "CC-BY-NC-4.0"}))
    assert declared.digest == result.digest
    assert "CC-BY-NC-4.0" in (bench.folder / "run" / "README.md").read_text()


def test_the_card_says_what_pins_each_source(bench: Bench) -> None:
    bench.put("faq.jsonl", "\n".join(GOOD))
    result = bench.prepare(bench.source("faq", "faq.jsonl"))
    card = (bench.folder / "versions" / result.digest / "README.md").read_text()
    assert hashlib.sha256("\n".join(GOOD).encode()).hexdigest() in card


def test_a_version_is_exported_beside_itself_where_that_is_asked_for(bench: Bench) -> None:
    bench.put("faq.jsonl", "\n".join(GOOD))
    source = bench.source("faq", "faq.jsonl")
    for _ in range(2):  # a second time everything stands already
        result = bench.prepare(source, exports=[ExportShape.LLAMA_FACTORY, ExportShape.OPENAI])
    folder = bench.folder / "versions" / "exports" / result.digest
    assert result.exports_uri == f"file://{folder}/"
    assert {path.name for path in folder.iterdir()} == {"LlamaFactory", "OpenAI"}
    for shape in folder.iterdir():
        lines = (shape / "train.jsonl").read_text().splitlines()
        assert len(lines) == result.train_rows
        listed = {file["name"] for file in json.loads((shape / MANIFEST).read_text())["files"]}
        assert listed == {path.name for path in shape.iterdir()} - {MANIFEST}
    assert bench.prepare(source).exports_uri is None


class TestRowsThatAskTheSame:
    def rows(self) -> list[str]:
        return [*GOOD[:10], *(qa("question 3", f"another answer, number {number}") for number in range(4))]

    def test_are_kept_where_rows_are_compared_and_dropped_but_for_one_where_instructions_are(self, bench: Bench) -> None:
        bench.put("a.jsonl", "\n".join(self.rows()))
        source = bench.source("faq", "a.jsonl")
        assert bench.prepare(source).accounting.rejected == {}
        dropped = bench.prepare(source, dedupe=DedupeSettings(exact=CompareBy.INSTRUCTION))
        assert dropped.accounting.rejected == {"DuplicateRow": 4}

    def test_leave_the_same_one_whatever_their_order(self, bench: Bench) -> None:
        settings = DedupeSettings(exact=CompareBy.INSTRUCTION, near=NearDuplicateSettings())
        bench.put("a.jsonl", "\n".join(self.rows()))
        bench.put("b.jsonl", "\n".join(self.rows()[::-1]))
        first, second = (bench.prepare(bench.source("faq", f"{name}.jsonl"), dedupe=settings) for name in "ab")
        assert first.digest == second.digest


class TestContamination:
    def test_rows_that_repeat_an_evaluation_row_are_left_out_and_listed(self, bench: Bench) -> None:
        bench.put("exam.jsonl", "\n".join([qa("What happens to the pump?", LONG), "{broken"]))
        bench.put("a.jsonl", "\n".join([*GOOD[:20], qa("What becomes of the pump?", LONG + "Always.")]))
        result = bench.prepare(bench.source("faq", "a.jsonl"), evaluation_sources=[bench.source("exam", "exam.jsonl")])
        assert result.accounting.rejected == {"Contaminated": 1}
        assert [(row["line"], row["reason"]) for row in bench.rejects("faq")] == [(21, "Contaminated")]
        assert (bench.folder / "run" / "evaluation-rejects" / "exam.jsonl.zst").exists(), "what was not compared is told"

    def test_a_contaminated_row_takes_no_near_duplicate_with_it(self, bench: Bench) -> None:
        bench.put("exam.jsonl", qa("What happens to the pump?", LONG))
        other = LONG.replace("The pump", "A fan").replace("valve", "blade").replace("tank", "hall").replace("drain", "cool down")
        bench.put("a.jsonl", "\n".join([qa("What happens to the pump?", LONG), *GOOD[:20], qa("What of the fan?", other)]))
        exam = [bench.source("exam", "exam.jsonl")]
        result = bench.prepare(
            bench.source("faq", "a.jsonl"), evaluation_sources=exam, dedupe=DedupeSettings(near=NearDuplicateSettings())
        )
        assert result.accounting.rejected == {"Contaminated": 1}

    def test_an_evaluation_question_with_another_answer_is_found(self, bench: Bench) -> None:
        question = "Which of the four valves of the rain tank closes first when the pump has been running dry for a minute?"
        bench.put("exam.jsonl", qa(question, "The second."))
        bench.put("a.jsonl", "\n".join([*GOOD[:20], qa(question, LONG)]))
        result = bench.prepare(bench.source("faq", "a.jsonl"), evaluation_sources=[bench.source("exam", "exam.jsonl")])
        assert result.accounting.rejected == {"Contaminated": 1}

    def test_rows_copied_from_a_benchmark_are_found_whatever_its_shape(self, bench: Bench) -> None:
        asked = [
            f"Which of these valves of well number {n} must be open before its pump may start at all in winter?"
            for n in range(30)
        ]
        exam = [
            {"id": n, "question": question, "A": "the first", "B": "the last", "answer": "A"} for n, question in enumerate(asked)
        ]
        bench.put("exam.jsonl", "\n".join(map(json.dumps, exam)))
        bench.put("a.jsonl", "\n".join([*GOOD[:20], *(qa(question, "The first one.") for question in asked)]))
        exam_source, gates = bench.source("exam", "exam.jsonl"), Gates(max_reject_percent=60, min_rows=1)
        result = bench.prepare(bench.source("faq", "a.jsonl"), evaluation_sources=[exam_source], gates=gates)
        assert result.accounting.rejected == {"Contaminated": 30}
        assert bench.report()["evaluation"] == [{"name": "exam", "accounting": {"read": 30, "kept": 30, "rejected": {}}}], (
            "how much was compared is told"
        )

    def test_what_all_rows_of_a_benchmark_say_contaminates_nothing(self, bench: Bench) -> None:
        task = "Read the passage below and answer the question that follows it with one word from the passage."
        exam = [
            {"task": task, "passage": f"In the year {n} the {n}th pump was painted green by its owner.", "key": "green"}
            for n in range(9)
        ]
        bench.put("exam.jsonl", "\n".join(map(json.dumps, exam)))
        bench.put("a.jsonl", "\n".join(qa(f"{task} Street {n} is long. How long is it?", f"Number {n}.") for n in range(20)))
        result = bench.prepare(bench.source("faq", "a.jsonl"), evaluation_sources=[bench.source("exam", "exam.jsonl")])
        assert result.accounting.rejected == {}

    def test_an_evaluation_source_without_any_text_stops_the_preparation(self, bench: Bench) -> None:
        bench.put("exam.jsonl", "\n".join(json.dumps({"id": number, "label": 1}) for number in range(30)))
        bench.put("a.jsonl", "\n".join(GOOD))
        with pytest.raises(TrainerFailure) as caught:
            bench.prepare(bench.source("faq", "a.jsonl"), evaluation_sources=[bench.source("exam", "exam.jsonl")])
        assert "'exam' of contamination.sources: none of its 30 rows holds text" in caught.value.message

    def test_an_evaluation_file_that_cannot_be_read_stops_the_preparation(self, bench: Bench) -> None:
        bench.put("exam.jsonl", "no rows at all\n" * 30)
        bench.put("a.jsonl", "\n".join(GOOD))
        with pytest.raises(TrainerFailure) as caught:
            bench.prepare(bench.source("faq", "a.jsonl"), evaluation_sources=[bench.source("exam", "exam.jsonl")])
        assert caught.value.reason is Reason.SOURCE_UNREADABLE
        assert "'exam'" in caught.value.message


class TestGates:
    def test_nothing_usable_says_why_and_where(self, bench: Bench) -> None:
        bench.put("a.jsonl", "\n".join([qa("q", " ")] * 30 + ['{"text": "q and a"}'] * 2))
        with pytest.raises(DatasetRejected) as caught:
            bench.prepare(bench.source("faq", "a.jsonl"))
        failure = caught.value.failure
        assert failure.reason is Reason.NO_ROWS_KEPT
        assert failure.message == (
            "none of 32 rows can be used: 30 EmptyAnswer, 2 TextWithoutTurns; the first is faq, a.jsonl line 1 (EmptyAnswer)"
        )
        assert caught.value.ledger.accounting().read == 32
        assert bench.report()["total"]["kept"] == 0, "the report is written for a refused dataset, too"
        assert len(bench.rejects("faq")) == 32

    @pytest.mark.parametrize(("bad", "passes"), [(4, True), (5, False)])
    def test_the_share_of_rejected_rows_is_judged_exactly(self, bench: Bench, bad: int, passes: bool) -> None:
        bench.put("a.jsonl", "\n".join([*GOOD[:36], *[qa("q", " ")] * bad]))
        if passes:
            assert bench.prepare(bench.source("faq", "a.jsonl")).accounting.kept == 36
            return
        with pytest.raises(DatasetRejected) as caught:
            bench.prepare(bench.source("faq", "a.jsonl"))
        assert caught.value.failure.reason is Reason.TOO_MANY_REJECTED
        assert "5 of 41 rows (12.2 %) were rejected, gates.maxRejectPercent is 10" in caught.value.failure.message

    def test_columns_that_may_belong_to_the_question_are_told_with_two_ways_out(self, bench: Bench) -> None:
        rows = [{"question": f"How hot is it {n}?", "answer": f"{n} degrees.", "product": "The kettle"} for n in range(10)]
        bench.put("a.jsonl", "\n".join(map(json.dumps, rows)))
        with pytest.raises(DatasetRejected) as caught:
            bench.prepare(bench.source("faq", "a.jsonl"))
        assert "10 ColumnNotUsed" in caught.value.failure.message
        assert "fieldMap" in caught.value.failure.remedy
        assert "format" in caught.value.failure.remedy
        assert bench.prepare(bench.source("faq", "a.jsonl", RowFormat.QUESTION_ANSWER)).accounting.rejected == {}

    def test_duplicates_do_not_count_as_rejected(self, bench: Bench) -> None:
        bench.put("a.jsonl", "\n".join(GOOD[:2] * 20))
        assert bench.prepare(bench.source("faq", "a.jsonl")).accounting.rejected == {"DuplicateRow": 38}

    def test_too_few_rows_are_told_with_both_numbers(self, bench: Bench) -> None:
        bench.put("a.jsonl", "\n".join(GOOD[:3]))
        with pytest.raises(DatasetRejected) as caught:
            bench.prepare(bench.source("faq", "a.jsonl"), gates=Gates(max_reject_percent=0, min_rows=4))
        assert caught.value.failure.reason is Reason.TOO_FEW_ROWS
        assert "3 rows were kept, gates.minRows is 4" in caught.value.failure.message

    def test_a_version_without_a_row_to_train_on_is_none(self, bench: Bench) -> None:
        bench.put("a.jsonl", qa("question 9", "answer 9"))
        with pytest.raises(DatasetRejected) as caught:
            bench.prepare(bench.source("faq", "a.jsonl"), eval_percent=50)
        assert caught.value.failure.reason is Reason.TOO_FEW_ROWS
        assert "all 1 rows kept fall on the side that split.evalPercent (50) keeps" in caught.value.failure.message
        assert "evalPercent to 0" in caught.value.failure.remedy

    def test_nothing_is_published_behind_a_closed_gate(self, bench: Bench) -> None:
        bench.put("a.jsonl", qa("q", " "))
        with pytest.raises(DatasetRejected):
            bench.prepare(bench.source("faq", "a.jsonl"))
        assert not (bench.folder / "versions").exists()


KOREAN = "안녕하세요. 저는 오늘 학교에 갑니다. 날씨가 매우 좋습니다. 감사합니다."


class TestAFileWithoutRows:
    @pytest.mark.parametrize(
        ("content", "told"),
        [
            pytest.param(b"<!DOCTYPE html>\n<html>\n", "is HTML", id="HTML"),
            pytest.param(b"\x1f\x8b\x08\x00rest\n\x00", "is gzip that is damaged", id="gzip"),
            pytest.param(b"\x28\xb5\x2f\xfd" + b"r" * 40, "is zstd that", id="zstd"),
            pytest.param(b"PK\x03\x04rest", "is a zip archive that is damaged", id="zip"),
            pytest.param(b"PAR1rest", "is parquet that is damaged", id="parquet"),
            pytest.param(b"%PDF-1.7", "is a PDF", id="PDF"),
            pytest.param(b"\x80\x04\x95rest.", "is a Python pickle", id="pickle"),
            pytest.param("\n".join(GOOD).encode("utf-16-le"), "UTF-16 without a byte order mark", id="UTF-16 without a mark"),
            pytest.param((KOREAN * 20).encode("euc-kr"), "encoding", id="EUC-KR"),
            pytest.param("Straße, Löwe, Äpfel, größer\n".encode("latin-1") * 20, "encoding", id="Latin-1"),
            pytest.param(b"just some words\nand more\n", "begins with 'just some words'", id="text"),
            pytest.param(b"{cut of", "is JSON that", id="half an object"),
            pytest.param(("\n".join([GOOD[0], *["{broken"] * 60])).encode(), "is JSON that", id="one good row among broken ones"),
            pytest.param(b'[{"prompt": "q", "completion": "a"}, {"prompt"', "after 1 rows", id="an array that is cut off"),
            pytest.param(b'prompt,completion\nq,a\n"q,a\nq,a\n', "a quote that opens in line 3", id="an open quote"),
        ],
    )
    def test_is_named_with_what_it_is(self, bench: Bench, content: bytes, told: str) -> None:
        bench.put("in/a.jsonl", "\n".join(GOOD))
        bench.put("in/rows.jsonl", content)
        with pytest.raises(TrainerFailure) as caught:
            bench.prepare(bench.source("faq", "in/"))
        assert caught.value.reason is Reason.SOURCE_UNREADABLE
        assert told in caught.value.message
        assert "rows.jsonl" in caught.value.message
        assert caught.value.remedy

    @pytest.mark.parametrize(
        ("row", "told", "remedy"),
        [
            ({"title": "t", "body": "b"}, "of no shape that is known; they have title, body", "fieldMap"),
            ({"text": "q and a"}, "plain text", "prompt and completion"),
            ({"prompt": "q", "chosen": "a", "rejected": "b"}, "preferences", "response: chosen"),
        ],
        ids=["unknown columns", "text", "preferences"],
    )
    def test_of_an_unknown_shape_says_which_columns_it_has(
        self, bench: Bench, row: dict[str, str], told: str, remedy: str
    ) -> None:
        bench.put("a.jsonl", "\n".join([json.dumps(row)] * 20))
        with pytest.raises(TrainerFailure) as caught:
            bench.prepare(bench.source("faq", "a.jsonl"))
        assert caught.value.reason is Reason.SOURCE_UNREADABLE
        assert told in caught.value.message
        assert remedy in caught.value.remedy

    def test_of_an_unknown_shape_is_read_by_its_field_map(self, bench: Bench) -> None:
        rows = [{"title": f"question {number}", "body": f"answer {number}"} for number in range(30)]
        bench.put("a.jsonl", "\n".join(map(json.dumps, rows)))
        source = bench.source("faq", "a.jsonl").model_copy(update={"field_map": FieldMap(prompt="title", response="body")})
        assert bench.prepare(source).accounting.kept == 30


@pytest.mark.parametrize("content", [" \n\r\n\t\n", "\ufeff", "\ufeff\n"], ids=repr)
def test_a_source_of_blank_lines_is_empty(bench: Bench, content: str) -> None:
    bench.put("a.jsonl", content)
    with pytest.raises(TrainerFailure) as caught:
        bench.prepare(bench.source("faq", "a.jsonl"))
    assert caught.value.reason is Reason.SOURCE_EMPTY
    assert "'faq'" in caught.value.message


def test_byte_order_marks_and_windows_line_ends_change_no_row(bench: Bench) -> None:
    bench.put("plain.jsonl", "\n".join(GOOD))
    bench.put("windows.jsonl", b"\xef\xbb\xbf" + "\r\n".join(GOOD).encode())
    plain = bench.prepare(bench.source("faq", "plain.jsonl"))
    assert bench.prepare(bench.source("faq", "windows.jsonl")).digest == plain.digest


def test_the_digest_of_known_rows_never_changes(bench: Bench) -> None:
    """Published versions are named by it: a change here orphans every version and every run that pinned one."""
    bench.put("a.jsonl", "\n".join([qa("What is 泵?", "A pump \u20ac"), qa("Why?", "So.")]))
    digest = bench.prepare(bench.source("faq", "a.jsonl"), eval_percent=50).digest
    assert digest == "dd1cb99b59b80575571b956303158666b708249a78fb89d9bf9dd2faaf4a7e26"


def everything_left_behind(bench: Bench) -> str:
    """All that a run leaves for people to read, and the published rows."""
    run = bench.folder / "run"
    texts = [path.read_text() for path in run.glob("report.*")]
    texts += [json.dumps(bench.rejects(path.name.removesuffix(".jsonl.zst"))) for path in (run / "rejects").glob("*.zst")]
    return "\n".join(texts)


@pytest.mark.parametrize("action", ["Mask", "Pseudonymise", "Reject"])
def test_what_may_not_be_published_is_nowhere_in_what_a_run_leaves_behind(bench: Bench, tmp_path: Path, action: str) -> None:
    escaped = qa("Whose is it?", "jo.doe@acme.io").replace("@", "\\u0040")
    dirty = [qa("Who?", "Call 138 1729 4406."), escaped, qa("key?", "AKIAQWERTYUIOPASDFGH"), qa("jo.doe@acme.io", " ")]
    bench.put("a.jsonl", "\n".join([*GOOD, *dirty, '{"question": "13817294406"', '{"text": "jo.doe@acme.io"}']))
    clean = CleanSettings.model_validate({"personalData": {"action": action}, "secrets": action})
    result = bench.prepare(bench.source("faq", "a.jsonl"), clean=clean, gates=Gates(max_reject_percent=50, min_rows=1))
    rows = read_back(bench.pinned(result), tmp_path / "trainer")
    published = "\n".join(message.content for split in rows.values() for row in split for message in row.content.messages)
    for text in (everything_left_behind(bench), published, result.model_dump_json()):
        for private in ("13817294406", "138 1729 4406", "jo.doe", "AKIAQWERTY"):
            assert private not in text
    if action == "Reject":
        assert result.accounting.rejected["PersonalData"] == 2
        assert result.accounting.rejected["Secret"] == 1
    else:
        assert "Secret" not in result.accounting.rejected
        assert bench.report()["sources"][0]["changes"] == {"PersonalData": 2, "Secret": 1}
        assert {change for sample in bench.report()["changedSamples"] for change in sample["changes"]} == {
            "PersonalData",
            "Secret",
        }


def test_a_number_that_is_cut_from_a_shown_text_is_not_half_of_a_phone_number(bench: Bench) -> None:
    padding = "z" * (4096 - len('{"question":"q","answer":" ","note":"') - 6)
    bench.put("a.jsonl", "\n".join([*GOOD, '{"question":"q","answer":" ","note":"' + padding + ' 13817294406"}']))
    bench.prepare(bench.source("faq", "a.jsonl"))
    assert "1381" not in everything_left_behind(bench)


def test_rows_far_longer_than_the_others_are_left_out_where_that_is_asked_for(bench: Bench) -> None:
    rows = [qa(f"question {number}", f"answer {number * 7919} " * (3 + number % 5)) for number in range(120)]
    book = qa("The whole book?", " ".join(str(number * 104729) for number in range(12_000)))
    bench.put("a.jsonl", "\n".join([*rows, book]))
    source = bench.source("faq", "a.jsonl")
    keeping = {"dedupe": DedupeSettings(near=None)}
    assert bench.prepare(source, **keeping).accounting.kept == 121
    strict = CleanSettings.model_validate({"lengthOutliers": "Reject"})
    assert bench.prepare(source, clean=strict, **keeping).accounting.rejected == {"LengthOutlier": 1}


class TestFeatures:
    """Tokens are counted for the model that rows are meant for; nothing of it changes a version."""

    def features(self, bench: Bench, **changes: object) -> FeatureSettings:
        write_model(bench.folder / "model", **changes)
        return FeatureSettings(model=StorePrefix(uri=f"file://{bench.folder}/model/"), sequence_lengths=(16, 512))

    def test_tokens_are_those_that_a_plan_counts(self, bench: Bench, tmp_path: Path) -> None:
        bench.put("faq.jsonl", "\n".join(GOOD))
        result = bench.prepare(bench.source("faq", "faq.jsonl"), features=self.features(bench), eval_percent=0)
        description = describe(bench.folder / "model", ["config.json", "tokenizer.json"], WeightFormat.SAFETENSORS)
        rows = read_back(bench.pinned(result), tmp_path / "trainer")
        counted = count_tokens(
            ((split, row) for split in rows for row in rows[split]), description.template, description.encode, 512
        )
        assert (result.tokens, result.trained_tokens) == (counted.tokens, counted.trained_tokens)
        tokens = bench.report()["features"]["tokens"]
        assert [cut["maxSequenceLength"] for cut in tokens["cuts"]] == [16, 512]

    def test_the_digest_is_the_same_without_them(self, bench: Bench) -> None:
        bench.put("faq.jsonl", "\n".join(GOOD))
        source = bench.source("faq", "faq.jsonl")
        without, counted = bench.prepare(source), bench.prepare(source, features=self.features(bench))
        assert counted.digest == without.digest
        assert (without.tokens, without.trained_tokens) == (None, None)

    def test_the_weights_stay_where_they_are(self, bench: Bench) -> None:
        bench.put("faq.jsonl", "\n".join(GOOD))
        bench.prepare(bench.source("faq", "faq.jsonl"), features=self.features(bench))
        assert not list(bench.folder.glob("scratch-*/**/*.safetensors"))

    def test_a_model_that_cannot_be_read_stops_the_preparation_before_any_row_is(self, bench: Bench) -> None:
        settings = self.features(bench, tokenizer_config={"bos_token": "<s>"})
        with pytest.raises(TrainerFailure) as caught:
            bench.prepare(bench.source("faq", "not-there.jsonl"), features=settings)
        assert caught.value.reason is Reason.MODEL_UNSUPPORTED
        assert "chat template" in caught.value.message
