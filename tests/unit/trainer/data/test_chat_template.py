"""Chat templates are foreign programs: rendered as the field does, and kept from everything else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sft_trainer.contract import Reason
from sft_trainer.data import chat_template
from sft_trainer.data.chat_template import MAX_TEMPLATE_CHARACTERS, compile_template
from sft_trainer.data.rows import Message, ToolCall
from sft_trainer.failure import TrainerFailure

MESSAGES = [Message("user", "<b>hi</b> é"), Message("assistant", "there")]


def rendered(source: str, **special_tokens: str) -> str:
    return compile_template(source, special_tokens)(MESSAGES, False)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("{{ bos_token }}{{ messages[0].content }}", "<s><b>hi</b> é", id="special tokens, and no HTML escapes"),
        pytest.param("{{ messages[0]['content'] | tojson }}", '"<b>hi</b> é"', id="tojson as Hugging Face has it"),
        pytest.param(
            "{% for m in messages %}\n  {% if loop.first %}\nx\n  {% endif %}\n{% endfor %}", "x\n", id="blocks are trimmed"
        ),
        pytest.param("{% for m in messages %}{% break %}{% endfor %}done", "done", id="loop controls"),
        pytest.param("{% generation %}{{ messages[1].content }}{% endgeneration %}", "there", id="generation blocks"),
        pytest.param("{{ strftime_now('%d %b %Y') }}", "26 Jul 2024", id="the date is the same every day"),
        pytest.param("{% if tools is not none %}tools{% else %}none{% endif %}", "none", id="tools are none"),
        pytest.param("{% if not_there is defined %}x{% else %}y{% endif %}", "y", id="unknown names are undefined"),
    ],
)
def test_a_template_is_rendered_as_the_field_does(source: str, expected: str) -> None:
    assert rendered(source, bos_token="<s>") == expected


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{{ ''.__class__.__mro__[1].__subclasses__() }}", id="classes"),
        pytest.param("{{ messages.__init__.__globals__ }}", id="globals"),
        pytest.param("{{ cycler.__init__.__globals__.os.popen('id').read() }}", id="a shell"),
        pytest.param("{{ raise_exception.__globals__['json'] }}", id="the globals of our own functions"),
        pytest.param("{{ strftime_now.__self__.__class__ }}", id="the object behind our own functions"),
        pytest.param("{{ self._TemplateReference__context.environment }}", id="the environment"),
        pytest.param("{{ '{0.__class__}'.format(1) }}", id="format strings"),
        pytest.param("{{ ('{0.__class__}'|attr('for'+'mat'))(1) }}", id="format strings by attr"),
        pytest.param("{{ messages.append(1) }}", id="changing what it was given"),
        pytest.param("{% include '/etc/passwd' %}", id="include"),
        pytest.param("{% import 'os' as os %}", id="import"),
    ],
)
def test_a_template_reaches_nothing_outside(source: str, tmp_path: Path) -> None:
    try:
        text = rendered(source)
    except TrainerFailure:
        return
    assert text == "", "what the sandbox forbids to see is undefined"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", id="loops in loops"),
        pytest.param("{% for a in range(10**9) %}{% endfor %}", id="a huge range"),
        pytest.param("{{ 'a' * 10**9 }}", id="a huge text"),
        pytest.param("{{ 9**9**9**9 }}", id="a huge power"),
        pytest.param("{{ ([0] * 90000) * 90000 }}", id="products of products"),
        pytest.param("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", id="endless recursion"),
    ],
)
def test_a_template_that_never_ends_is_ended(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_template, "MAX_SECONDS", 0.3)
    begun = time.monotonic()
    with pytest.raises(TrainerFailure) as caught:
        rendered(source)
    assert caught.value.reason is Reason.MODEL_UNSUPPORTED
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{% for %}", "Expected an expression"),
        ("{{ raise_exception('Roles must alternate') }}", "Roles must alternate"),
        ("{{ messages[0].content + 1 }}", "can only concatenate"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("x" * (MAX_TEMPLATE_CHARACTERS + 1), "65537 characters"),
    ],
    ids=["syntax", "its own refusal", "a type error", "arithmetic", "too long"],
)
def test_what_a_template_raises_is_told_as_the_models_fault(source: str, told: str) -> None:
    with pytest.raises(TrainerFailure, match="chat template") as caught:
        rendered(source)
    assert caught.value.reason is Reason.MODEL_UNSUPPORTED
    assert told in caught.value.message


def test_templates_render_outside_the_main_thread_too() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(rendered, "{{ messages[1].content }}").result() == "there"


def test_tools_and_their_calls_reach_the_template_parsed() -> None:
    template = compile_template(
        "{% for tool in tools %}[{{ tool.name }}]{% endfor %}"
        "{% for m in messages %}{% for call in m.tool_calls %}{{ call.function.name }}={{ call.function.arguments.city }};"
        "{% endfor %}{{ m.role }}:{{ m.content }} {{ m.tool_call_id }}|{% endfor %}",
        {},
    )
    turns = [
        Message("assistant", "", tool_calls=(ToolCall("weather", '{"city": "Jena"}', "1"),)),
        Message("tool", "7 degrees", tool_call_id="1"),
    ]
    assert template(turns, False, '[{"name": "weather"}]') == "[weather]weather=Jena;assistant: |tool:7 degrees 1|"
