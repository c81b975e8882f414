"""Answers that say nothing, break off, or are in another language than was asked in."""

from __future__ import annotations

import pytest

from sft_trainer.data.cleaning.answers import is_in_another_language, is_nothing, is_truncated

GOOD = (
    "爵士乐是一种非常丰富多样的音乐类型，它包含许多不同的音乐元素。即兴演奏是其中最重要的元素之一：乐手在和声的框架内当场创作旋律，"
    "彼此呼应。摇摆节奏让每一拍都略有先后，布鲁斯音阶则带来忧郁的色彩。此外，切分音、蓝调和声以及丰富的音色，都是听众一听便能认出的特征。"
    "从新奥尔良的铜管乐队到纽约的大乐队，再到比波普、冷爵士与融合爵士，每个时代都有自己的声音，也都留下了值得反复聆听的唱片。"
)


@pytest.mark.parametrize("answer", ["-", ".", "0", "無", "None", "Na", "?", "OK...", "N/A is what tables hold for no value"])
def test_a_short_answer_is_one(answer: str) -> None:
    assert not is_nothing(answer)


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("法国首都是哪里？", "Paris is beautiful, a lovely city"),
        ("法国首都是哪里？", "La capitale est Paris"),
        ("法国首都是哪里？", "パリです。とてもきれいな町です"),
        ("What is the capital of France?", "프랑스의 수도는 파리입니다."),
        ("What is the capital of France?", "Столица Франции - Париж."),
    ],
)
def test_an_answer_is_in_another_language(prompt: str, answer: str) -> None:
    assert is_in_another_language(prompt, answer)


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("润色以下句子：I has a apple and she go to school", "I have an apple and she goes to school with the others."),
        ("法国首都是哪里？", "Paris"),
        ('{"cost": 25.0}', "寄送您的包裹到纽约的费用将是25.00美元。"),
        (
            "他买了苹果和橙子，请开发票。",
            '{"name": "create_invoice", "arguments": {"items": [{"product": "apple", "of": "the"}]}}',
        ),
        ("Generate a list of items related to diving.", "- Wetsuit\n- Dive mask\n- Snorkel\n- Fins\n- Regulator"),
        ("1+1等于几？", "2"),
        ("质能方程是什么？", "E = mc^2"),
        ("“学校”用日语怎么说？", "学校は「がっこう」です。"),
        ("Summarise: 水泵停下来了，请检查进水口。", "水泵停了，请检查进水口。"),
    ],
)
def test_what_was_asked_for_or_is_in_no_language_is_not(prompt: str, answer: str) -> None:
    assert not is_in_another_language(prompt, answer)


@pytest.mark.parametrize("end", ["", ", and", "，", "（", " the", " -"])
def test_a_long_answer_that_ends_open_is_cut_off(end: str) -> None:
    assert is_truncated(f"{GOOD}{GOOD}{end}") is bool(end)


@pytest.mark.parametrize("end", ["- Start a business", "#PuppyLove", "[您的姓名]", "10. Chips with Nutella", "café"])
def test_an_answer_needs_no_full_stop_to_be_whole(end: str) -> None:
    assert not is_truncated(f"{GOOD}{GOOD}\n{end}")


@pytest.mark.parametrize("prompt", ["写个 git 提交信息", "给新饮料起十个品牌名", "给出一个论文标题", "帮我写邮件给老外客户"])
def test_some_things_are_written_in_english_without_a_word_about_it(prompt: str) -> None:
    assert not is_in_another_language(prompt, "Fix the broken parser of the header and add a test for it, please.")
