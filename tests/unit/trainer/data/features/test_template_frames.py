"""Rows rendered by the frame of their shape: exactly what the template would have made of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sft_trainer.data.chat_template import compile_template
from sft_trainer.data.features.template_frames import CHECKED_EVERY, CHECKED_FIRST, TemplateFrames, spans_of
from sft_trainer.data.rows import Content, Message, ToolCall

CHATML = (
    "{% if messages[0].role != 'system' %}<|system|>You help.<|end|>{% endif %}"
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
TRIMMING = CHATML.replace("{{ m.content }}", "{{ m.content | trim }}")
FORGETTING = CHATML.replace(
    "{{ m.content }}", "{{ m.content if loop.last or m.role != 'assistant' else m.content.split('</think>')[-1] }}"
)
TOOLS = "{% if tools %}{{ tools | tojson }}{% endif %}" + CHATML
SHOUTING = CHATML.replace("{{ m.content }}", "{{ m.content | upper if 'pump' in m.content else m.content }}")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    [" a ", "<think>x</think>y", "a\n", "\ue0f70\ue0f8"]
)
TURNS = st.lists(st.tuples(TEXT, TEXT, st.booleans()), min_size=1, max_size=3)


def conversation(turns: list[tuple[str, str, bool]]) -> Content:
    pairs = [(Message("user", question), Message("assistant", answer, train)) for question, answer, train in turns]
    return Content(tuple(message for pair in pairs for message in pair))


@pytest.mark.parametrize("source", [CHATML, TRIMMING, FORGETTING, TOOLS], ids=["ChatML", "trimming", "forgetting", "tools"])
def test_the_spans_are_those_of_the_template(source: str) -> None:
    template = compile_template(source, {})
    frames = TemplateFrames(template)

    @settings(max_examples=50, deadline=None)
    @given(TURNS)
    def check(turns: list[tuple[str, str, bool]]) -> None:
        content = conversation(turns)
        assert frames.examples(content) == spans_of(content, template)

    check()


def test_a_template_that_looks_into_texts_is_found_and_then_rendered_in_full() -> None:
    template = compile_template(SHOUTING, {})
    frames = TemplateFrames(template)
    plain, telling = conversation([("q", "a", True)]), conversation([("q", "a pump", True)])
    for _ in range(CHECKED_FIRST):
        frames.examples(plain)
    for _ in range(CHECKED_EVERY + 1):
        frames.examples(telling)
    assert frames.differing_shapes == 1
    assert frames.examples(telling) == spans_of(telling, template)


@pytest.mark.parametrize(
    "content",
    [
        Content((Message("user", "q"), Message("assistant", "a")), tools='[{"name": "pump"}]'),
        Content((Message("user", "q"), Message("assistant", "a", reasoning_content="r"))),
        Content((Message("user", "q"), Message("assistant", "a", tool_calls=(ToolCall("pump", "{}"),)))),
        Content((Message("user", "q"), Message("assistant", "a")) * 15),
    ],
    ids=["tools", "reasoning", "tool calls", "long"],
)
def test_rows_with_more_than_texts_are_rendered_in_full(content: Content) -> None:
    template = compile_template(TOOLS, {})
    assert TemplateFrames(template).examples(content) == spans_of(content, template)


def test_a_template_is_run_for_few_rows_of_a_shape() -> None:
    template, runs = compile_template(CHATML, {}), 0

    def counting(messages: object, add_generation_prompt: bool, tools: str | None = None) -> str:
        nonlocal runs
        runs += 1
        return template(messages, add_generation_prompt, tools)  # type: ignore[arg-type]  # what render gives

    frames = TemplateFrames(counting)
    for number in range(1000):
        frames.examples(conversation([(f"q{number}", f"a{number}", True)]))
    assert runs < 2 * (1000 // CHECKED_EVERY + CHECKED_FIRST + 5)
