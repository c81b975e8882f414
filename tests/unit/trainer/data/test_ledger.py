"""Rejected rows are written down, and never with what must not be published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sft_trainer.contract import CleanSettings, Gates
from sft_trainer.data.cleaning.changes import Changes
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.evaluation_texts import CONTAMINATED
from sft_trainer.data.gates import DatasetRejected, check_gates
from sft_trainer.data.ledger import NO_FAULT, Ledger
from sft_trainer.data.rows import Content, Message, Origin, RowRejected

STRICT = CleanSettings.model_validate({"secrets": "Reject", "personalData": {"action": "Reject"}})
HELD = [
    ("身份证:\n11010519491231002X", "11010519491231002X"),
    ("key:\nAKIAQWERTYUIOPASDFGH", "AKIAQWERTYUIOPASDFGH"),
    ("tok\nghp_abcdEFGHijklMNOPqrstUVWXyz0246813579", "ghp_abcd"),
    ("sk:\n\tsk-proj-abcdEFGH1234ijklMNOP5678qrst", "abcdEFGH"),
    ("ip\n47.98.12.33", "47.98.12.33"),
    ("138\u200b12349876 zero", "12349876"),
    ("138\x00\x0112349876 control", "12349876"),
    ("<p><b>138</b>12349876</p><br>x", "12349876"),
    ("mail\nzhang@qq.com", "zhang@qq"),
    ("\uff11\uff13\uff18\uff11\uff12\uff13\uff14\uff19\uff18\uff17\uff16", "\uff14\uff19\uff18\uff17\uff16"),
    ('"13812349876"', "13812349876"),
    ("电话 138&nbsp;1234&nbsp;9876", "9876"),
    ("身份证 110105&nbsp;19491231&nbsp;002X", "110105"),
]
ORIGIN = Origin("faq", "a.jsonl", 1)


def ledger_at(folder: Path, cleaner: Cleaner) -> Ledger:
    return Ledger(folder, cleaner.protector.masked)


@pytest.mark.parametrize("is_escaped", [False, True])
@pytest.mark.parametrize(("prompt", "held"), HELD)
def test_what_a_row_is_rejected_for_is_not_written_down(tmp_path: Path, prompt: str, held: str, is_escaped: bool) -> None:
    cleaner = Cleaner(STRICT)
    with pytest.raises(RowRejected) as rejection:
        cleaner.clean(Content((Message("user", prompt), Message("assistant", "好的"))))
    assert rejection.value.reason in ("PersonalData", "Secret")
    ledger = ledger_at(tmp_path, cleaner)
    line = json.dumps({"instruction": prompt, "output": "好的"}, ensure_ascii=is_escaped).encode()
    for reason in (rejection.value.reason, "Repetitive"):
        ledger.reject(ORIGIN, reason, line)
        ledger.reject(ORIGIN, reason, line[:-1])  # no JSON any more
        for sample in ledger.samples[reason]:
            assert held not in sample.text
            assert "好的" in sample.text
    ledger.close()


def test_numbers_and_names_of_members_are_masked_too(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, Cleaner(CleanSettings()))
    ledger.reject(ORIGIN, "UnknownShape", b'{"a": 13812349876, "zhang@qq.com": "b\\nc"}')
    ledger.close()
    assert json.loads(ledger.samples["UnknownShape"][0].text) == {"a": "[PHONE]", "[EMAIL]": "b\nc"}


def test_a_row_that_hides_nothing_is_written_as_it_came(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, Cleaner(CleanSettings()))
    line = '{"a":  "<b>问\\n答</b>\\t", "n": 1.50}'
    ledger.reject(ORIGIN, "UnknownShape", line.encode())
    ledger.close()
    assert ledger.samples["UnknownShape"][0].text == line


@pytest.mark.parametrize(
    "prompt",
    [
        "call 138\u200b1234\u200b9876",
        "<p><b>138</b>12349876</p><br>phone",
        "张三 1985 13800138001\u200b",
        "电话 138&nbsp;1234&nbsp;9876",
    ],
)
def test_a_changed_row_is_shown_without_what_was_masked(prompt: str) -> None:
    cleaner = Cleaner(CleanSettings())
    content = Content((Message("user", prompt), Message("assistant", "好的")))
    changes = Changes(cleaner.protector.masked)
    changes.note(ORIGIN, content, cleaner.clean(content))
    assert "[PHONE]" in changes.samples[0].before
    assert "9876" not in changes.samples[0].before
    assert "8001" not in changes.samples[0].before


CHOSEN = ["WrongLanguage", "NotSampled", "TooShort", "TooLong", "Thinking", "LengthOutlier", CONTAMINATED]


@pytest.mark.parametrize("reason", CHOSEN)
def test_rows_that_their_owner_wants_left_out_are_no_fault_of_the_data(tmp_path: Path, reason: str) -> None:
    assert reason in NO_FAULT
    ledger = ledger_at(tmp_path, Cleaner(CleanSettings()))
    for number in range(10):
        ledger.count_read("faq")
        if number:
            ledger.reject(ORIGIN._replace(line=number), reason, b"{}")
    check_gates(Gates(max_reject_percent=0, min_rows=1), ledger)
    assert ledger.first == []
    ledger.count_read("faq")
    ledger.reject(ORIGIN._replace(line=11), "Repetitive", b"{}")
    ledger.close()
    with pytest.raises(DatasetRejected, match="1 of 11 rows"):
        check_gates(Gates(max_reject_percent=0, min_rows=1), ledger)
