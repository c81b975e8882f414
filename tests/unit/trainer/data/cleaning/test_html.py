"""Tags and entities that were left around prose, and mark-up that is what a row says."""

from __future__ import annotations

import time

import pytest

from sft_trainer.contract import CleanSettings
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.rows import Content, Message

SCRAPED = [
    ("水泵为什么停？", "<p>因为水位低。</p><p>请检查。</p>", "因为水位低。\n请检查。"),
    ("水泵为什么停？", "因为水位低。<br>请检查。<br/>再见", "因为水位低。\n请检查。\n再见"),
    ("水泵的代码E3是什么？", "<p>代码E3表示水位低。</p><p>请检查。</p>", "代码E3表示水位低。\n请检查。"),
    ("What is the error code E3?", "<p>It means low water.</p><p>Check it.</p>", "It means low water.\nCheck it."),
    ("How do I tag my luggage?", "<p>Use a tag.</p><p>Write your name.</p>", "Use a tag.\nWrite your name."),
    ("产品标签在哪里？", "<p>在背面。</p><p>请看标签，或者访问我们的网站。</p>", "在背面。\n请看标签，或者访问我们的网站。"),
    ("怎么保养？", '<p class="MsoNormal"><span style="color:red">先断电。</span></p><p>再清洗。</p>', "先断电。\n再清洗。"),
    (
        "怎么保养？",
        "<h2>保养</h2><p>注意：<b>先断电。</b></p><ul><li>清洗</li><li>上油</li></ul>",
        "保养\n注意：先断电。\n清洗\n上油",
    ),
    ("Where is it?", '<p data-pid="x1">See <a href="https://e.com">this page</a>.</p>', "See this page."),
    (
        "Where is it?",
        'You find more in <a href="https://e.com">the manual</a>, <b>page 3</b>.',
        "You find more in the manual, page 3.",
    ),
    ("怎么保养？", "<div>先断电。</div><div>再清洗&nbsp;3&nbsp;次。</div>", "先断电。\n再清洗 3 次。"),
    ("Water?", "<p>H<sub>2</sub>O</p><p>is water.</p>", "H<sub>2</sub>O\nis water."),
    ("怎么了？", "&#20320;&#22909;，&#x8bf7;先断电&#160;。", "你好，请先断电 。"),
    ("What is R and D?", "R&amp;D is &#8220;research and development&#8221;.", "R&D is “research and development”."),
]

MEANT = [
    ("How do I structure a list on a page?", "Use:\n<ul>\n<li>One</li>\n<li>Two</li>\n</ul>"),
    ("How do I write down three points?", "Like this:\n<ul>\n<li>One</li>\n<li>Two</li>\n</ul>"),
    ("列出要点的写法", "<ul><li>第一</li><li>第二</li></ul>"),
    ("Turn these into a list: one, two", "<ol>\n<li>One</li>\n<li>Two</li>\n</ol>"),
    ("Put a and b side by side.", "<table><tr><td>a</td><td>b</td></tr></table>"),
    ("Put a and b side by side.", "<p>Here it is.</p><table><tr><td>a&nbsp;b</td></tr></table>"),
    ("Make the heading bold and centred for my blog", '<div align="center"><b>Hi</b></div>'),
    ("写一封带格式的邮件模板", "<p>尊敬的客户：</p><p>您好</p>"),
    ("Give me a template e-mail with formatting", "<p>Dear <b>X</b>,</p><p>thanks</p>"),
    ("写一个网页，介绍水泵", "<h1>水泵</h1><p>好用。</p><p>耐用。</p>"),
    ("Fix my email signature", '<a href="mailto:x">me</a>'),
    ("Who am I to write to?", '<a href="mailto:x">me</a>'),
    ("android 布局里给文字加红色", '<font color="#ff0000">红色</font>'),
    ("在字符串资源里强调", '<string name="a">Hello <b>World</b> <i>x</i></string>'),
    ("Say hello and goodbye aloud", "<speak><p>你好</p><p>再见</p></speak>"),
    ("给这段对话配时间", '1\n00:00:01 --> 00:00:03\n<i>你好</i>\n<font color="red">再见</font>'),
    ("Make a card", '<div class="card"><div class="card-body"><p>One</p><p>Two</p></div></div>'),
    ("Make a button", '<p><b onclick="go()">Go</b></p><p>now</p>'),
    ("Write a component", "<Card><p>One</p><p>Two</p></Card>"),
    ("Draw a line", '<svg width="10"><line x1="0" y1="0"/></svg>'),
    ("What does this mean? <p class='x'>a</p>", "It is a paragraph with class x"),
    ("翻译：<p>Hello <b>world</b></p><p>Bye</p>", "<p>你好<b>世界</b></p><p>再见</p>"),
    ("Translate to Chinese: <p>Hello <b>world</b></p><p>Bye</p>", "<p>你好<b>世界</b></p><p>再见</p>"),
    ("What does &nbsp; do?", "It keeps words together. A&nbsp;B"),
    ("Convert the text: a &gt; b", "a > b"),
    ("HTML 里的 &#20320; 是什么？", "&#20320; 是“你”。"),
    ("Show it", "```html\n<p>One</p><p>Two</p>\n```"),
]


def cleaned(prompt: str, answer: str) -> tuple[str, str]:
    asked, answered = (
        Cleaner(CleanSettings()).clean(Content((Message("user", prompt), Message("assistant", answer)))).content.messages
    )
    return asked.content, answered.content


@pytest.mark.parametrize(("prompt", "answer", "plain"), SCRAPED)
def test_what_a_page_left_around_prose_is_taken_away(prompt: str, answer: str, plain: str) -> None:
    assert cleaned(prompt, answer) == (prompt, plain)


@pytest.mark.parametrize(("prompt", "answer"), MEANT)
def test_mark_up_that_was_asked_for_or_built_is_left(prompt: str, answer: str) -> None:
    assert cleaned(prompt, answer) == (prompt, answer)


def test_a_question_that_is_a_page_as_a_whole_was_copied_from_one_too() -> None:
    assert cleaned("<p>水泵停了。</p><p>怎么办？</p>", "<p>先断电。</p><p>再清洗。</p>") == (
        "水泵停了。\n怎么办？",
        "先断电。\n再清洗。",
    )


def test_a_page_that_a_tool_returned_is_left() -> None:
    page = "<p>Low water.</p><p>Check it.</p>"
    turns = (Message("user", "Look it up."), Message("tool", page), Message("assistant", "It is low water."))
    assert Cleaner(CleanSettings()).clean(Content(turns)).content.messages == turns


@pytest.mark.parametrize("text", ["<ul>", "<ul><li>", '<div class="a">', "<b>", "<p>a", "：\n", "&#1", "<a a", "x</p>   "])
def test_no_mark_up_takes_long(text: str) -> None:
    began = time.process_time()
    Cleaner(CleanSettings.model_validate({"repetition": "Keep"})).clean(
        Content(
            (
                Message("user", "<p>" + text * (95_000 // len(text))),
                Message("assistant", "<br><br>" + text * (95_000 // len(text))),
            )
        )
    )
    assert time.process_time() - began < 3
