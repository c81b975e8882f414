"""Answers that came apart, and plans, tables, lists and songs, which are alike by their nature."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from sft_trainer.data.cleaning.repetition import is_repetitive

if TYPE_CHECKING:
    from benchmarks.data_engine_rows import Exchange

GOOD = (
    "爵士乐是一种非常丰富多样的音乐类型，它包含许多不同的音乐元素。即兴演奏是其中最重要的元素之一：乐手在和声的框架内当场创作旋律，"
    "彼此呼应。摇摆节奏让每一拍都略有先后，布鲁斯音阶则带来忧郁的色彩。此外，切分音、蓝调和声以及丰富的音色，都是听众一听便能认出的特征。"
    "从新奥尔良的铜管乐队到纽约的大乐队，再到比波普、冷爵士与融合爵士，每个时代都有自己的声音，也都留下了值得反复聆听的唱片。"
)
LOOPS = {
    "to the end": GOOD + "因此，我们需要注意以下几点。" * 40,
    "to the end in English": GOOD + "\n" + "The answer is yes, and it is so because of this. " * 30,
    "broken off": "First close the inlet. " + "Then look at the seal and the bearing of the pump. " * 20 + "Then look at",
    "without marks": "应该尽早到医院来检查" * 40,
    "a syllable": "la " * 300,
    "one sentence twenty times": "请保持水泵清洁，并定期检查密封圈是否完好。" * 20,
    "one sentence twenty times in English": "Keep the pump clean and look at its seal once a month. " * 20,
    "with an end": GOOD + "因此，我们需要注意以下几点。" * 60 + "祝您健康。",
    "a numbered list": "\n".join(f"{number}. 请保持水泵清洁，并定期检查密封圈是否完好。" for number in range(1, 21)),
    "a list in English": "Do this:\n" + "- Keep the pump clean and look at its seal.\n" * 20,
    "two speakers": "A: 好的，我们走吧\nB: 好的，我们走吧\n" * 20,
    "two sentences in any order": "".join(
        ("The pump is sound. ", "Look at the seal. ")[number * number % 7 % 2] for number in range(60)
    ),
    "what is in it stands in it twice": "检查水泵的进水口和出水口，再检查水泵的进水口和出水口；" * 20 + "检查水泵的进水口",
}
ALIKE = {
    "a multiplication table": "\n".join(f"{one} x {other} = {one * other}" for one in range(1, 10) for other in range(1, 10)),
    "a matrix": "\n".join(" ".join("1" if row == column else "0" for column in range(20)) for row in range(20)),
    "a table": "| a | b | c |\n|---|---|---|\n" + "| x | y | z |\n" * 30,
    "a box": "+" + "-" * 60 + "+\n" + ("|" + " " * 60 + "|\n") * 15 + "+" + "-" * 60 + "+",
    "statements": "\n".join(f"insert(table, {number}, 'name{number}', 0);" for number in range(60)),
    "a program": "```\n" + "print('hello world')\n" * 60 + "```",
    "a program that is not fenced": "print('hello world')\n" * 60,
    "prose": GOOD,
    "thanks": GOOD + "谢谢！谢谢！谢谢！",
    "a plan of thirty days": "\n".join(f"第{day}天：休息，喝水，散步30分钟。" for day in range(1, 31)),
    "a plan in English": "\n".join(f"Day {day}: Rest, drink water and walk for 30 minutes." for day in range(1, 31)),
    "a plan of many sentences": "\n".join(f"第{day}天\n早上：散步。\n中午：休息。\n晚上：喝水{day}杯。" for day in range(1, 31)),
    "a timetable": "\n".join(f"{hour:02}:00-{hour + 1:02}:00 会议室A 可预订，请提前联系前台" for hour in range(24)),
    "a JSON array": "[" + ",\n".join(f'{{"id": {n}, "name": "user{n}", "active": true}}' for n in range(60)) + "]",
    "a JSON array over lines": "[\n" + ",\n".join(f'  {{\n    "id": {n},\n    "active": true\n  }}' for n in range(60)) + "\n]",
    "CSV": "\n".join(f"2024-01-{n % 28 + 1:02},100,200,ok" for n in range(80)),
    "bytes": "\n".join(f"0x{n:04x}: 00 00 00 00 00 00 00 00" for n in range(60)),
    "bytes without places": "\n".join(["de ad be ef de ad be ef de ad be ef"] * 40),
    "genes": "ATGC" * 150,
    "YAML": "\n".join(f"- name: item{n}\n  value: {n}\n  enabled: true" for n in range(60)),
    "an empty table of a page": "<table>\n" + "  <tr><td></td><td></td></tr>\n" * 30 + "</table>",
    "a form": "姓名：____________ 电话：____________\n" * 30,
    "capitals": "\n".join(f"{n}. The capital of country number {n} is the city of the same name." for n in range(1, 60)),
    "verdicts": "\n".join(f"{n}. {('Positive', 'Negative')[n % 2]}" for n in range(1, 120)),
}  # fmt: skip


@pytest.mark.parametrize("answer", LOOPS.values(), ids=LOOPS)
def test_what_is_said_again_and_again_is_a_loop(answer: str) -> None:
    assert is_repetitive(answer)


@pytest.mark.parametrize("answer", ALIKE.values(), ids=ALIKE)
def test_what_is_alike_by_its_nature_is_none(answer: str) -> None:
    assert not is_repetitive(answer)


CHORUS = "啦啦啦啦啦啦啦\n大河向东流\n天上的星星参北斗\n"
ASKED_FOR = [
    ("写一首歌", CHORUS * 12),
    ("Write the lyrics of a sea song.", "Heave away, my bonny boys, heave away\nWe are bound to go\n" * 10),
    ("写100遍我爱你", "我爱你" * 100),
    ("把“水泵要定期检查”这句话抄写五十遍", "水泵要定期检查。" * 50),
    ("Write 'I will not be late again' 50 times.", "I will not be late again.\n" * 50),
]


@pytest.mark.parametrize(("prompt", "answer"), ASKED_FOR)
def test_refrains_of_songs_and_what_was_to_be_written_many_times_are_none(prompt: str, answer: str) -> None:
    assert is_repetitive(answer, "水泵为什么停了？一天检查三次够吗？")
    assert not is_repetitive(answer, prompt)


def test_a_song_that_never_ends_is_a_loop() -> None:
    assert is_repetitive(CHORUS * 60, "写一首歌")


def _in_a_row(joiner: str, times: int) -> Callable[[str, str], str]:
    return lambda head, sentence: f"{head}\n{joiner.join([sentence] * max(times, len(head) // len(sentence)))}"


PLANTED: dict[str, Callable[[str, str], str]] = {
    "sentence": _in_a_row(" ", 30),
    "lines": _in_a_row("\n", 30),
    "numbered": lambda head, sentence: (
        f"{head}\n" + "\n".join(f"{n}. {sentence}" for n in range(max(30, len(head) // len(sentence))))
    ),
    "broken off": lambda head, sentence: _in_a_row("", 30)(head, sentence)[:-5],
    "with an end": lambda head, sentence: _in_a_row("", 60)(head, sentence) + "\nThat is all. 就是这样。",
    "phrase": lambda head, sentence: head + sentence[:7] * max(60, len(head) // 7),
}
PROSE = re.compile(r"[^|`{}<>\[\]#=+*()_\\\n.。！？!?]{8,120}[。！？.!?]")


def test_of_real_answers_none_is_a_loop_and_of_loops_planted_in_them_hardly_any_is_missed() -> None:
    """Of 17,313 real answers none; of 12,404 loops of ten kinds planted in them 99 %, where zlib's ratio alone found 92 %."""
    if "SFT_TEST_DATA" not in os.environ:
        pytest.skip("SFT_TEST_DATA names no folder with real instruction data")
    from benchmarks.data_engine_rows import real_exchanges, test_data

    rng = random.Random(5)  # noqa: S311 - where loops are planted, which must be the same again
    exchanges = real_exchanges(test_data())
    assert [each for each in exchanges if is_repetitive(each.output, f"{each.instruction}\n{each.input}")] == []
    planted, found = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for exchange in exchanges[::5]:
        if (sentence := _sentence(exchange, rng)) is None:
            continue
        for kind, plant in PLANTED.items():
            answer = plant(exchange.output[: int(len(exchange.output) * rng.choice((0, 0.3, 0.6)))], sentence)
            planted[kind, exchange.language] += 1
            found[kind, exchange.language] += is_repetitive(answer, f"{exchange.instruction}\n{exchange.input}")
    assert len(planted) == 2 * len(PLANTED)
    assert min(planted.values()) > 80
    assert {kind: share for kind in planted if (share := found[kind] / planted[kind]) < 0.95} == {}
    assert found.total() > 0.985 * planted.total(), (found, planted)


def _sentence(exchange: Exchange, rng: random.Random) -> str | None:
    """One that is no mark-up, of an answer that holds no program."""
    sentences = [] if "```" in exchange.output else [found[0].strip() for found in PROSE.finditer(exchange.output)]
    return rng.choice(sentences) if sentences else None
