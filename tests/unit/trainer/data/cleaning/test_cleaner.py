"""Rows before and after cleaning: what is changed, what is left alone, and for what a row is rejected."""

# ruff: noqa: RUF001 - look-alikes are what these texts are about

from __future__ import annotations

import json
import os
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sft_trainer.contract import CleanSettings
from sft_trainer.data.cleaning.cleaner import Cleaner
from sft_trainer.data.rows import Content, Message, RowRejected, ToolCall

FAMILY = "👨\u200d👩\u200d👧"
PERSIAN = "می\u200cخواهم"
WALES = "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"


def row(answer: str, prompt: str = "What is it?", **more: Any) -> Content:
    return Content((Message("user", prompt), Message("assistant", answer, **more)))


def cleaned(answer: str, prompt: str = "What is it?", **settings: Any) -> str:
    return Cleaner(CleanSettings.model_validate(settings)).clean(row(answer, prompt)).content.messages[1].content


def rejection(answer: str, prompt: str = "What is it?", **settings: Any) -> str | None:
    try:
        Cleaner(CleanSettings.model_validate(settings)).clean(row(answer, prompt))
    except RowRejected as rejected:
        return rejected.reason
    return None


LEFT_ALONE = [
    "“全角标点”，１２３，ＡＢＣ，（括号）；……——《书名》",
    "①②③ ㈱ ﬁ ½ ℃ №",
    "繁體中文與简体中文混排，「引號」『雙引號』。",
    "她说：“你好！”——然后走了…",
    f"{FAMILY} {PERSIAN} {WALES} ❤️ क्षि",
    "x < 5 && y > 3，所以 a<b 且 c>d",
    "E = mc<sup>2</sup>，H<sub>2</sub>O",
    "Façade, naïve, Ångström, 20 °C, 5 µm, 3 × 4 ÷ 2, ½ £ 5",
    "Тест, δοκιμή, 테스트, テスト, اختبار",
    "Use `<div>` in HTML code.",
    "```html\n<p>Hello</p>\n```",
    "| a | b |\n|---|---|\n| one<br>two | three |",
    "\tindented\n\n  text  with   spaces",
    "浣熊在浣洗，鎏金的鐫刻。",
    "圆周率约为3.14159265358979323846，版本 10.15.7.1，订单号 20240112345678901。",
    "电话 12345 或 110，邮编 100871，ISBN 978-7-111-12345-7。",
    "Write to support@example.com or git@github.com:me/it.git, ping 192.168.1.10 and 8.8.8.8.",
    "1.2.3.4 Scope\n2024-01-12 10:20:30 was 13 days ago; 1,234,567.89 in all.",
    "sk-learn, hf_hub and AKIA are words; the key is sk-xxxxxxxxxxxxxxxxxxxxxxxx.",
    "<think>Let me see.</think>It is a lamp.",
    "I am sorry, I cannot help with that.",
    "ChatGPT was made by OpenAI; 通义千问由阿里云推出。",
    "def bold(s):\n    return '<b>' + s + '</b>'",
    '    def bold(s):\n        return f"<b>{s}</b>"',
    "Option<A> 表示可能没有值，Box<B> 在堆上。",
    "std::map<a,b> m; vector<i> v; a<b>c",
    "Put <br> where the line is to end.",
    "function T(){return <h1><b>你好</b></h1>}",
    'echo "<p>hello</p>";',
    "the expectation is <i> and the ket |b>; a <b> c",
    "kubectl get pods <a>",
    "cat <<b>out",
    'label.setText("<b>Hi</b>")',
    "{#if x}<p>yes</p><br>{/if}",
    "Write &lt; instead of it, or &amp;lt; to show &lt;b&gt;.",
    "&amp;amp;amp;amp;amp;amp;amp;amp;amp;amp;amp;amp;lt; is escaped too often",
    "What is 锟斤拷？锟斤拷是乱码，锟斤拷来自替换字符，锟斤拷很常见",
    "Encoding problems show as Â· or â€œ.",
    "Ã é a letra A com til; NÃO É; São Paulo; ÂÊÎÔÛ.",
    "ÄÖÜ«»°±²³",
    "voilà , déjà vu à la carte, l’été “ça” — naïve façade œuvre, Größe Äpfel",
    "Привет, как дела? Работа и Россия.",
    "ภาษา\u200bไทย ភាសា\u200bខ្មែរ",
    "\u200eLRM\u200f",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_sound_text_is_left_as_it_is(text: str) -> None:
    content = row(text)
    assert Cleaner(CleanSettings()).clean(content) == (content, frozenset())


REPAIRED = [
    ("bell\x07 and null\x00", "bell and null"),
    ("soft\xadhyphen, zero\u200bwidth, \ufeffmark", "softhyphen, zerowidth, mark"),
    ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
    ("reads \u202eesrever\u202c", "reads esrever"),
    ("seen\U000e0049\U000e0047\U000e004e text", "seen text"),
    ("e\u0301te\u0301", "été"),
    ("It isn\u00e2\u20ac\u2122t far, caf\u00c3\u00a9", "It isn\u2019t far, café"),
    ("浣犲ソ锛屼笘鐣岀湡澶у晩", "你好，世界真大啊"),
    ("价格 &lt; 5 元&nbsp;左右", "价格 < 5 元 左右"),
    ("<p>第一段</p><p>第二段<br/>下一行</p>", "第一段\n第二段\n下一行"),
    ('See <a href="https://e.com">this</a> <b>now</b>.', "See this now."),
    ("It is <b>1000</b>, the postal code<br>of the town.", "It is 1000, the postal code\nof the town."),
    ("    <p>One</p><p>他说：“好。”</p>", "One\n他说：“好。”"),
    ("McKinsey &amp; Co，滴度&gt;1：20，&ldquo;小三阳&rdquo;", "McKinsey & Co，滴度>1：20，“小三阳”"),
    ("\x1b[1;31mred\x1b[0m and \x1b]0;title\x07blue", "red and blue"),
    ("\u2066isolated\u2069", "isolated"),
    ("РџСЂРёРІРµС‚ РјРёСЂ, РєР°Рє РґРµР»Р°", "Привет мир, как дела"),
]


@pytest.mark.parametrize(("broken", "sound"), REPAIRED)
def test_what_is_broken_is_repaired_where_it_is_certain(broken: str, sound: str) -> None:
    assert cleaned(broken) == sound


MASKED = [
    ("Mail me: jo.doe+x@mail.acme.co.uk!", "Mail me: [EMAIL]!"),
    ("邮箱是zhang_san@163.com，谢谢", "邮箱是[EMAIL]，谢谢"),
    ("手机13817294406，或+86 159-2764-5318", "手机[PHONE]，或[PHONE]"),
    ("座机 010-82345678", "座机 [PHONE]"),
    ("Call (415) 555-2671 or +44 20 7946 0958", "Call [PHONE] or [PHONE]"),
    ("身份证号11010519491231002X。", "身份证号[ID_CARD]。"),
    ("卡号 6222 0212 3456 7890 128 和 4929-1387-2046-1233", "卡号 [BANK_CARD] 和 [BANK_CARD]"),
    ("It is at 203.0.114.77 now", "It is at [IP_ADDRESS] now"),
    ("key AKIAQWERTYUIOPASDFGH.", "key [SECRET]."),
    ("token ghp_abcdEFGHijklMNOPqrstUVWXyz0246813579.", "token [SECRET]."),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----", "[SECRET]"),
    ('{"key": "x\\nAKIAQWERTYUIOPASDFGH", "to": "\\nzhang@qq.com"}', '{"key": "x\\n[SECRET]", "to": "\\n[EMAIL]"}'),
]


@pytest.mark.parametrize(("text", "published"), MASKED)
def test_personal_data_and_secrets_are_masked(text: str, published: str) -> None:
    assert cleaned(text) == published


def test_a_pseudonym_is_the_same_within_a_row_and_tells_nothing_across_rows() -> None:
    settings: dict[str, Any] = {"personalData": {"action": "Pseudonymise"}}
    text = "a@acme.io wrote to b@acme.io; a@acme.io called 13817294406."
    assert cleaned(text, **settings) == "[EMAIL_1] wrote to [EMAIL_2]; [EMAIL_1] called [PHONE_1]."
    assert cleaned("b@acme.io left", **settings) == "[EMAIL_1] left"


def test_pseudonyms_are_those_of_the_whole_conversation() -> None:
    cleaner = Cleaner(CleanSettings.model_validate({"personalData": {"action": "Pseudonymise"}}))
    content = cleaner.clean(row("b@acme.io and a@acme.io", "Who is a@acme.io?")).content
    assert [message.content for message in content.messages] == ["Who is [EMAIL_1]?", "[EMAIL_2] and [EMAIL_1]"]


def test_what_its_owner_publishes_is_no_personal_data() -> None:
    settings: dict[str, Any] = {"personalData": {"allow": ["@Acme.io", "13817294406"]}}
    text = "Ask help@acme.io or call 13817294406"
    assert cleaned(text, **settings) == text
    assert cleaned("Ask help@acme.io.evil.com", **settings) == "Ask [EMAIL]"


def calling(arguments: str, **more: Any) -> Content:
    call = ToolCall("send", arguments)
    turns = (Message("user", "Write to Jo."), Message("assistant", "", tool_calls=(call,)), Message("tool", "sent"))
    return Content((*turns, Message("assistant", "Done.")), **more)


def test_arguments_of_tools_and_reasoning_are_masked_too() -> None:
    call = ToolCall("send", '{"to": "jo@acme.io"}')
    content = Content(
        (
            Message("user", "Write to Jo."),
            Message("assistant", "", tool_calls=(call,), reasoning_content="jo@acme.io it is"),
            Message("tool", "sent to jo@acme.io"),
            Message("assistant", "Done."),
        )
    )
    _, calling, told, _ = Cleaner(CleanSettings()).clean(content).content.messages
    assert json.loads(calling.tool_calls[0].arguments) == {"to": "[EMAIL]"}
    assert (calling.reasoning_content, told.content) == ("[EMAIL] it is", "sent to [EMAIL]")


ARGUMENTS = [
    ('{"phone": 13817294406}', '{"phone": "[PHONE]"}'),
    ('{"card":6222021234567890128, "n": 1.50}', '{"card":"[BANK_CARD]", "n": 1.50}'),
    ('{"code":"x\\nAKIAQWERTYUIOPASDFGH"}', '{"code":"x\\n[SECRET]"}'),
    ('{"who": "a\\u200bb \\u0000c"}', '{"who": "ab c"}'),
    (
        '{"body": "<p>Hi</p><p>x</p>", "q": "a &quot;b&quot; <br> c"}',
        '{"body": "<p>Hi</p><p>x</p>", "q": "a &quot;b&quot; <br> c"}',
    ),
    ('{ "jo@acme.io" : [ true, null, "\\u4f60" ] }', '{ "[EMAIL]" : [ true, null, "\\u4f60" ] }'),
    ("to=jo@acme.io", "to=[EMAIL]"),
]


@pytest.mark.parametrize(("given", "published"), ARGUMENTS)
def test_of_arguments_only_what_strings_say_is_cleaned_and_json_stays_json(given: str, published: str) -> None:
    message = Cleaner(CleanSettings()).clean(calling(given)).content.messages[1]
    assert message.tool_calls[0].arguments == published


@pytest.mark.parametrize("action", ["Mask", "Pseudonymise"])
def test_what_tools_return_and_answers_in_json_stay_json(action: str) -> None:
    told = '{"phone": 13817294406, "card": [6222021234567890128, 1.50], "to": "jo@acme.io\\nAKIAQWERTYUIOPASDFGH"}'
    call = Message("assistant", "", tool_calls=(ToolCall("look_up", "{}"),))
    turns = (Message("user", "Who is it?"), call, Message("tool", told), Message("assistant", '[{"phone": 13817294406}]'))
    cleaner = Cleaner(CleanSettings.model_validate({"personalData": {"action": action}}))
    _, _, returned, answered = cleaner.clean(Content(turns)).content.messages
    one = "_1" if action == "Pseudonymise" else ""
    found = {"phone": f"[PHONE{one}]", "card": [f"[BANK_CARD{one}]", 1.5], "to": f"[EMAIL{one}]\n[SECRET]"}
    assert json.loads(returned.content) == found
    assert json.loads(answered.content) == [{"phone": f"[PHONE{one}]"}]
    assert "1.50" in returned.content


def test_numbers_of_json_that_only_together_look_like_one_are_left() -> None:
    told = '{"a": [1381729, 4406], "b": "x"}'
    turns = (Message("user", "Which?"), Message("tool", told), Message("assistant", "These."))
    assert Cleaner(CleanSettings()).clean(Content(turns)).content.messages == turns


def test_tools_and_names_of_who_speaks_are_masked_too() -> None:
    tools = '[{"name":"send","description":"call 13817294406,\\nAKIAQWERTYUIOPASDFGH"}]'
    content = Content((Message("user", "Hello", name="zhang@qq.com"), Message("assistant", "Hello")), tools)
    cleaned = Cleaner(CleanSettings()).clean(content)
    assert cleaned.content.messages[0].name == "[EMAIL]"
    assert json.loads(str(cleaned.content.tools))[0]["description"] == "call [PHONE],\n[SECRET]"
    assert cleaned.changes == {"PersonalData", "Secret"}


def test_a_row_is_rejected_for_what_its_tools_hold() -> None:
    with pytest.raises(RowRejected, match="Secret"):
        Cleaner(CleanSettings.model_validate({"secrets": "Reject"})).clean(calling('{"key": "AKIAQWERTYUIOPASDFGH"}'))


REJECTED: list[tuple[str, str, dict[str, Any], str]] = [
    ("an answer of invisible characters", "\u200b\u200b", {}, "EmptyAnswer"),
    ("bytes that are gone", "锟斤拷锟斤拷锟斤拷", {}, "Mojibake"),
    ("replacement characters", "caf\ufffd\ufffd\ufffd", {}, "Mojibake"),
    ("UTF-8 read as GBK, bytes lost", "浜哄伐鏅鸿兘鏄绠楁満绉戝\ufffd鐨勪竴涓垎鏀\ufffd", {}, "Mojibake"),
    ("GBK read as Latin-1, bytes lost", "ÄãºÃ£¬ÊÀ½ç¡£Ë®±ÃΪʲô»á×Ô¼ºÍ£ÏÂÀ´ å\u0153ä¸‹æ\u00a5ï¼Ÿ", {}, "Mojibake"),
    ("repaired but for a byte that is gone", "It isn\u00e2\u20ac\u2122t far, caf\u00c3\u00a9\ufffd", {}, "Mojibake"),
    ("half repaired", "请先检查，停下来å\u0153ä¸‹æ¥ï¼Ÿ 再打开ä¸‹é¢", {}, "Mojibake"),
    ("dots", "...", {}, "EmptyAnswer"),
    ("Chinese dots", "……", {}, "EmptyAnswer"),
    ("what tables hold for no value", "N/A", {}, "EmptyAnswer"),
    ("Hangul fillers", "\u3164\u3164", {}, "EmptyAnswer"),
    ("Braille's blank", "\u2800", {}, "EmptyAnswer"),
    ("a loop", "应该尽早到医院来检查" * 30, {}, "Repetitive"),
    ("the question again", "What is the capital of France?", {}, "EchoedPrompt"),
    ("a model's name", "I am ChatGPT, a large language model trained by OpenAI.", {}, "Identity"),
    ("a model's name in Chinese", "我是ChatGPT，由OpenAI训练。", {}, "Identity"),
    ("a maker in Chinese", "我是一个由深度求索公司开发的智能助手。", {}, "Identity"),
    ("a model's name as a title", "My name is Vicuna, and I'm a language model.", {}, "Identity"),
    ("a refusal", "I'm sorry, but I can't help with that.", {"refusals": "Reject"}, "Refusal"),
    ("a refusal in Chinese", "很抱歉，我无法提供相关信息。", {"refusals": "Reject"}, "Refusal"),
    ("an AI that cannot", "作为一个AI语言模型，我没有感受。", {"refusals": "Reject"}, "Refusal"),
    ("personal data", "call 13817294406", {"personalData": {"action": "Reject"}}, "PersonalData"),
    ("a secret", "AKIAQWERTYUIOPASDFGH", {"secrets": "Reject"}, "Secret"),
    ("thinking that the prompt's template began", "Hm.</think>\n\nYes.", {"thinking": "Reject"}, "Thinking"),
    ("thinking", "<think>Hm.</think>Yes.", {"thinking": "Reject"}, "Thinking"),
    (
        "a broken-off answer",
        "The first step is to open the lid, " * 3 + "then to look at " + "x, y " * 40 + "and the",
        {"truncatedAnswers": "Reject", "repetition": "Keep"},
        "TruncatedAnswer",
    ),
    ("another language", "Bonjour", {"languages": ["zh", "ja"]}, "WrongLanguage"),
    ("too short", "Yes", {"minAnswerCharacters": 4}, "TooShort"),
    ("too long", "y" * 40, {"maxRowCharacters": 50}, "TooLong"),
    ("an answer in another language", "这是一个非常大的城市。", {"languageMismatch": "Reject"}, "LanguageMismatch"),
]


@pytest.mark.parametrize(("answer", "settings", "reason"), [case[1:] for case in REJECTED], ids=[case[0] for case in REJECTED])
def test_a_row_is_rejected_for_one_reason(answer: str, settings: dict[str, Any], reason: str) -> None:
    assert rejection(answer, "What is the capital of France?", **settings) == reason
    keeps = {"mojibake": "Keep", "repetition": "Keep", "identity": "Keep", "controlCharacters": "Keep"}
    if not settings and (reason in ("Mojibake", "Repetitive", "Identity") or answer == "\u200b\u200b"):
        assert rejection(answer, "What is the capital of France?", **keeps) is None


KEPT = [
    ("ChatGPT is a chatbot by OpenAI, first released in 2022.", "What is ChatGPT?"),
    ("I am a nurse and I use GPT-4 at work.", "Introduce yourself."),
    ("他说：“我是阿里巴巴的员工。”然后离开了。", "续写故事"),
    ("Unfortunately, the train was late, and she missed the show.", "Go on."),
    ("对不起，让你久等了。我们开始吧。", "服务员怎么说？"),
    ("The dog barked. " * 12, "Write a nursery rhyme with a refrain."),
    ("This is an English sentence.", "把“这是一个英文句子”翻译成英文"),
]


@pytest.mark.parametrize(("answer", "prompt"), KEPT)
def test_what_only_looks_like_it_is_kept_even_by_strict_settings(answer: str, prompt: str) -> None:
    strict = {"refusals": "Reject", "languageMismatch": "Reject", "truncatedAnswers": "Reject"}
    assert rejection(answer, prompt, **strict) is None


def test_thinking_is_left_out_where_that_is_asked_for() -> None:
    assert cleaned("<think>One.\nTwo.</think>\n\nThree.", thinking="Remove") == "Three."
    assert rejection("<think>It never ends", thinking="Remove") == "EmptyAnswer"
    assert cleaned("One.\nTwo.</think>\n\nThree.", thinking="Remove") == "Three."
    assert cleaned("<thinking>One.</thinking>Two.", thinking="Remove") == "Two."
    assert cleaned("<|begin_of_thought|>One.<|end_of_thought|>Two.", thinking="Remove") == "Two."


@pytest.mark.parametrize("action", ["Remove", "Reject"])
def test_who_asks_about_thinking_does_not_think(action: str) -> None:
    content = row("It holds reasoning; `<think>` begins and </think> ends it.", "What does the <think> tag of R1 do?")
    assert Cleaner(CleanSettings.model_validate({"thinking": action})).clean(content) == (content, frozenset())


def test_chinese_characters_are_converted_and_no_others() -> None:
    assert cleaned("電腦的記憶體（１２ＧＢ）", chineseScript="Simplified") == "电脑的记忆体（１２ＧＢ）"
    assert cleaned("电脑", chineseScript="Traditional") == "電腦"
    assert cleaned("日本語の学校は東京に在ります", chineseScript="Simplified") == "日本語の学校は東京に在ります"


def test_each_text_is_in_its_own_script_and_programs_keep_theirs() -> None:
    simplified = Cleaner(CleanSettings.model_validate({"chineseScript": "Simplified"}))
    turns = (
        Message("system", "You are a helpful assistant. " * 20),
        Message("user", "這個問題？"),
        Message("assistant", "檢查進水口"),
    )
    assert [turn.content for turn in simplified.clean(Content(turns)).content.messages[1:]] == ["这个问题？", "检查进水口"]
    assert cleaned("用`變量`：\n```\n變量 = 1\n```\n變量", chineseScript="Simplified") == "用`變量`：\n```\n變量 = 1\n```\n变量"
    content = calling('{"text": "檢查"}')
    assert simplified.clean(content).content == content


def test_who_asks_for_the_other_script_gets_it() -> None:
    assert cleaned("後來皇后來了", "把这句话转换成繁体字：后来皇后来了", chineseScript="Simplified") == "後來皇后來了"


def test_letters_stay_decomposed_where_control_characters_are_kept() -> None:
    assert cleaned("e\u0301te\u0301\x07", controlCharacters="Keep") == "e\u0301te\u0301\x07"


def test_a_row_that_is_longer_than_the_default_is_no_choice_of_its_owner() -> None:
    assert rejection("y" * 200_001, repetition="Keep") == "Oversized"
    assert rejection("y" * 30, maxRowCharacters=20) == "TooLong"


def test_gbk_that_was_read_as_latin_is_read_again() -> None:
    meant = "你好，世界。水泵为什么会自己停下来？请先检查进水口。"
    for encoding in ("latin-1", "cp1252"):
        assert cleaned(meant.encode("gbk").decode(encoding)) == meant


SLOW = [
    "a < b" + " " * 190_000 + "x",
    "-----BEGIN PRIVATE KEY-----" * 7_000,
    "1 " * 95_000,
    "gpt i am" + " " * 190_000,
    "a." * 95_000 + "@",
    "<think" * 30_000,
]


@pytest.mark.parametrize("text", SLOW, ids=[text[:12] for text in SLOW])
def test_no_row_takes_long(text: str) -> None:
    began = time.process_time()
    rejection(text, repetition="Keep", thinking="Remove", refusals="Reject")
    assert time.process_time() - began < 3


def test_everything_can_be_left_as_it_is() -> None:
    nothing: dict[str, Any] = {
        "controlCharacters": "Keep",
        "mojibake": "Keep",
        "html": "Keep",
        "repetition": "Keep",
        "identity": "Keep",
        "personalData": {"action": "Keep"},
        "secrets": "Keep",
    }
    text = "I am ChatGPT\x07 <br> cafÃ© jo@acme.io AKIAQWERTYUIOPASDFGH " + "la " * 300
    assert cleaned(text, **nothing) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
@example("€\nÈà¨")
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    cleaner = Cleaner(CleanSettings())
    try:
        once = cleaner.clean(row(text)).content
    except RowRejected:
        return
    assert cleaner.clean(once).content == once


@given(st.text(st.sampled_from("13@.a-_ +86[]xX()\n中：5"), max_size=80))
def test_nothing_that_is_published_still_holds_what_is_masked(text: str) -> None:
    protector = Cleaner(CleanSettings()).protector
    shown = protector.masked(text)
    assert protector.masked(shown) == shown


def test_of_real_rows_few_are_touched_and_none_for_the_width_of_their_marks() -> None:
    if "SFT_TEST_DATA" not in os.environ:
        pytest.skip("SFT_TEST_DATA names no folder with real instruction data")
    from benchmarks.data_engine_rows import real_exchanges, test_data

    cleaner, changes, reasons, count = Cleaner(CleanSettings()), Counter[str](), Counter[str](), 0
    for exchange in real_exchanges(test_data()):
        if not exchange.output.strip() or not exchange.instruction.strip():
            continue
        count += 1
        try:
            changes.update(cleaner.clean(row(exchange.output, f"{exchange.instruction}\n{exchange.input}")).changes)
        except RowRejected as rejected:
            reasons[rejected.reason] += 1
    assert count > 10_000
    assert changes.total() < 0.005 * count, changes
    assert reasons.pop("Identity") < 0.02 * count  # one file teaches a model to call itself Vicuna
    assert reasons.total() < 0.001 * count, reasons


def test_an_answer_may_be_the_question_again_behind_a_system_prompt_that_asks_for_it() -> None:
    sentence = "The pump was repaired on Monday by its owner."
    asked, answered = Message("user", sentence), Message("assistant", sentence)
    with pytest.raises(RowRejected, match="EchoedPrompt"):
        Cleaner(CleanSettings()).clean(Content((asked, answered)))
    correct = Message("system", "Correct the grammar. Return the text unchanged if it is right.")
    assert Cleaner(CleanSettings()).clean(Content((correct, asked, answered))).content.messages[2] == answered


HELLO = (Message("user", "你好，请问你是谁？"), Message("assistant", "你好，我是一个助手，很高兴为你服务。"))
ENGLISH_ANSWER = (Message("user", "法国首都是哪里？"), Message("assistant", "Paris is the capital of France, a lovely city."))


def _mismatches(*messages: Message) -> bool:
    try:
        Cleaner(CleanSettings.model_validate({"languageMismatch": "Reject"})).clean(Content(messages))
    except RowRejected as rejected:
        return rejected.reason == "LanguageMismatch"
    return False


def test_every_exchange_is_looked_at_for_another_language() -> None:
    assert not _mismatches(*HELLO)
    assert _mismatches(*HELLO, *ENGLISH_ANSWER)
    assert _mismatches(Message("system", "You are a large language model."), *HELLO, *ENGLISH_ANSWER)


def test_a_language_that_was_asked_for_once_is_answered_in_for_good() -> None:
    assert not _mismatches(Message("system", "Always answer in English."), *HELLO, *ENGLISH_ANSWER)
    assert not _mismatches(
        Message("user", "我们用英语聊天吧。"), Message("assistant", "Sure, let us do that now."), *ENGLISH_ANSWER
    )
