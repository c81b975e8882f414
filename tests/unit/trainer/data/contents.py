"""Hypothesis strategies of rows: everything a row can hold."""

from __future__ import annotations

from hypothesis import strategies as st

from sft_trainer.data.rows import Content, Message, ToolCall

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TOOL_CALLS = st.builds(ToolCall, TEXT, TEXT, st.none() | TEXT)
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=TEXT,
    train=st.booleans(),
    reasoning_content=st.none() | TEXT,
    tool_calls=st.lists(TOOL_CALLS, max_size=2).map(tuple),
    tool_call_id=st.none() | TEXT,
    name=st.none() | TEXT,
)
PLAIN = st.builds(Message, st.sampled_from(["user", "assistant"]), TEXT)
CONTENTS = st.builds(Content, st.lists(PLAIN | MESSAGES, max_size=4).map(tuple), st.none() | TEXT)
