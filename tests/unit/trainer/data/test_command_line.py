"""`sft-data`: what it prints, what it leaves behind, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sft_trainer.contract import ExitCode
from sft_trainer.data.command_line import main, source_document

ROWS = [json.dumps({"prompt": f"What is {n} times {n}?", "completion": f"It is {n * n}."}) for n in range(40)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my rows.jsonl"
    path.write_text("\n".join([*ROWS, ROWS[0], "{broken"]))
    return path


def test_prepare_publishes_a_version_and_says_what_became_of_every_row(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prepare", str(file), "-o", str(tmp_path / "out"), "--near-duplicates", "Ignore"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "42" in said
    assert "DuplicateRow" in said
    assert "my rows.jsonl:42: NotJson" in said
    [version] = [path for path in (tmp_path / "out").iterdir() if path.name != "report"]
    assert version.name in said
    assert (version / "MANIFEST.json").exists()
    assert (tmp_path / "out" / "report" / "rejects" / "my-rows.jsonl.zst").exists()


def test_check_writes_nothing(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert main(["check", str(file), "--near-duplicates", "Ignore"]) == ExitCode.DONE
    assert sorted(tmp_path.rglob("*")) == before
    assert "a version could be made" in capsys.readouterr().out


def test_a_gate_that_does_not_open_is_told_with_the_accounting_and_a_remedy(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(file), "--near-duplicates", "Ignore", "--min-rows", "100"]) == ExitCode.INVALID
    captured = capsys.readouterr()
    assert "NotJson" in captured.out
    assert "TooFewRows: 40 rows were kept" in captured.err


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "none.jsonl")]) == ExitCode.INVALID
    assert "none.jsonl was not found" in capsys.readouterr().err


def test_files_of_one_name_are_sources_of_their_own(file: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / file.name).write_text(json.dumps({"prompt": "Why?", "completion": "Because."}))
    arguments = ["prepare", str(file), str(tmp_path / "other" / file.name), "-o", str(tmp_path / "out")]
    assert main([*arguments, "--near-duplicates", "Ignore"]) == ExitCode.DONE
    report = json.loads((tmp_path / "out" / "report" / "report.json").read_text())
    assert {source["name"]: source["accounting"]["read"] for source in report["sources"]} == {"my-rows": 42, "my-rows-2": 1}


def test_rows_that_repeat_an_evaluation_file_are_left_out(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "The pump stops when the valve stays shut for longer than the tank needs to drain, says the manual."
    exam = tmp_path / "exam.jsonl"
    exam.write_text(json.dumps({"prompt": "When does it stop?", "completion": long}))
    with file.open("a") as appended:
        appended.write("\n" + json.dumps({"prompt": "Say when it stops.", "completion": long}))
    assert main(["check", str(file), "--near-duplicates", "Ignore", "--evaluation", str(exam)]) == ExitCode.DONE
    assert "Contaminated" in capsys.readouterr().out


@pytest.mark.parametrize(("shape", "files"), [("OpenAI", 2), ("LlamaFactory", 3), ("MsSwift", 2)])
def test_a_version_is_exported_with_all_its_rows(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str, files: int
) -> None:
    main(["prepare", str(file), "-o", str(tmp_path / "out"), "--near-duplicates", "Ignore", "--eval-percent", "30"])
    [version] = [path for path in (tmp_path / "out").iterdir() if path.name != "report"]
    assert main(["export", str(version), "--shape", shape, "-o", str(tmp_path / "export")]) == ExitCode.DONE
    written = list((tmp_path / "export").iterdir())
    assert len(written) == files
    assert sum(len(path.read_text().splitlines()) for path in written if path.suffix == ".jsonl") == 40


def test_a_folder_that_is_no_version_cannot_be_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path), "--shape", "OpenAI", "-o", str(tmp_path / "export")]) == ExitCode.INVALID
    assert "name the folder of a version" in capsys.readouterr().err


def test_columns_and_cleaning_can_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"问": "电话是多少？", "答": "138 1729 4406"}, {"问": "几点开门？", "答": "<think>嗯</think>九点。"}]
    path = tmp_path / "faq.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    arguments = ["--field-map", "prompt=问,response=答", "--clean", "personalData.action=Reject", "--clean", "thinking=Remove"]
    assert main(["prepare", str(path), "-o", str(tmp_path / "out"), "--max-reject-percent", "50", *arguments]) == ExitCode.DONE
    assert "PersonalData" in capsys.readouterr().out
    report = json.loads((tmp_path / "out" / "report" / "report.json").read_text())
    assert report["sources"][0]["changes"] == {"Thinking": 1}


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (["--clean", "thinkin=Remove"], "--clean thinkin: Extra inputs are not permitted"),
        (["--clean", "secrets=No"], "--clean secrets: Input should be 'Mask'"),
        (["--clean", "secrets.all=Mask"], "--clean secrets"),
        (["--field-map", "prompt=a"], "messages, or prompt and response"),
    ],
)
def test_an_option_that_means_nothing_is_told(
    file: Path, capsys: pytest.CaptureFixture[str], option: list[str], told: str
) -> None:
    with pytest.raises(SystemExit):
        main(["check", str(file), *option])
    assert told in capsys.readouterr().err


def test_what_a_pod_is_told_of_its_sources_can_be_told_here(file: Path, tmp_path: Path) -> None:
    arguments = [
        "--source",
        f"faq={file}",
        "--set",
        "faq.domain=pumps",
        "--set",
        "faq.license=MIT",
        "--domain",
        "pumps.maxRows=9",
    ]
    assert main(["prepare", *arguments, "-o", str(tmp_path / "out"), "--near-duplicates", "Ignore"]) == ExitCode.DONE
    report = json.loads((tmp_path / "out" / "report" / "report.json").read_text())
    [source] = report["sources"]
    assert (source["name"], source["domain"], source["licence"]) == ("faq", "pumps", "MIT")
    assert source["accounting"]["kept"] == 9


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("catalog:belle-1m@main", {"catalog": {"name": "belle-1m", "revision": "main"}}),
        ("hf:a/b", {"huggingFace": {"repository": "a/b"}}),
        ("s3://bucket/folder/", {"store": {"uri": "s3://bucket/folder/"}}),
        ("https://host/f.jsonl", {"http": {"url": "https://host/f.jsonl"}}),
    ],
)
def test_a_source_may_lie_anywhere(place: str, expected: dict[str, object]) -> None:
    assert source_document("s", place, "Auto", None) == {"name": "s", "format": "Auto", **expected}


def test_rows_may_be_compared_by_what_they_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "faq.jsonl"
    path.write_text("\n".join(json.dumps({"prompt": "Why?", "completion": f"Because of {n}."}) for n in range(3)))
    assert main(["check", str(path), "--near-duplicates", "Ignore", "--exact-duplicates-by", "Instruction"]) == ExitCode.DONE
    assert re.search(r"DuplicateRow\s+2", capsys.readouterr().out)


def test_evaluation_files_have_columns_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "The pump stops when the valve stays shut for longer than the tank needs to drain, says the manual."
    (tmp_path / "rows.jsonl").write_text(
        json.dumps({"ask_": "Why?", "rep_": long}) + "\n" + json.dumps({"ask_": "q", "rep_": "a"})
    )
    (tmp_path / "exam.jsonl").write_text(json.dumps({"stem_": "When?", "key_": long}))
    arguments = ["check", str(tmp_path / "rows.jsonl"), "--field-map", "prompt=ask_,response=rep_"]
    arguments += ["--near-duplicates", "Ignore", "--max-reject-percent", "50"]
    exam = ["--evaluation", str(tmp_path / "exam.jsonl"), "--evaluation-field-map", "prompt=stem_,response=key_"]
    assert main([*arguments, *exam]) == ExitCode.DONE
    assert "Contaminated" in capsys.readouterr().out
    assert main([*arguments, *exam, "--contamination", "ngramTokens=50"]) == ExitCode.DONE
    assert "Contaminated" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give a FILE, or a --source"),
        (["--source", "no name"], "--source must be NAME=PLACE"),
        (["--source", "a=f.jsonl", "--set", "b.license=MIT"], "--set b: there is no such source; there is a"),
        (["--source", "a=f.jsonl", "--set", "a.licence=MIT"], "--source licence: Extra inputs are not permitted"),
        (["--source", "a=https://host/f"], "--source http.sha256: Field required"),
        (["f.jsonl", "--contamination", "ngramTokens=1"], "--contamination ngramTokens: Input should be greater"),
        (["f.jsonl", "--domain", "law.maxRow=1"], "--domain maxRow: Extra inputs"),
    ],
)
def test_a_source_that_means_nothing_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    with pytest.raises(SystemExit):
        main(["check", *arguments])
    assert told in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = file.parent / "a file"
    output.write_text("")
    assert main(["prepare", str(file), "-o", str(output / "below")]) == ExitCode.STORE_DENIED
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "name an output folder that can be written" in said
