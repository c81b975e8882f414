"""Rows as parquet columns and back. Columns that no row of a version fills (tools, reasoning, ...) are left out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from sft_trainer.data.rows import Content, Message, Origin, ToolCall

TOOL_CALLS = pa.list_(pa.struct([("name", pa.string()), ("arguments", pa.string()), ("id", pa.string())]))
MESSAGE_FIELDS: Mapping[str, pa.DataType] = {
    "role": pa.string(),
    "content": pa.string(),
    "train": pa.bool_(),
    "reasoning_content": pa.string(),
    "tool_calls": TOOL_CALLS,
    "tool_call_id": pa.string(),
    "name": pa.string(),
}
ALWAYS = frozenset({"role", "content"})
TOOLS = "tools"
META = pa.struct([("source", pa.string()), ("file", pa.string()), ("line", pa.int64())])


def optional_fields(content: Content) -> set[str]:
    """The optional columns that a row fills."""
    filled = {TOOLS} if content.tools is not None else set()
    for message in content.messages:
        if message[2:] != _PLAIN:
            filled.update(message.document().keys() - ALWAYS)
    return filled


_PLAIN = Message("", "")[2:]


def schema_of(filled: Iterable[str]) -> pa.Schema:
    """The columns of a version whose rows fill these optional ones."""
    wanted = ALWAYS | set(filled)
    message = pa.struct([(name, kind) for name, kind in MESSAGE_FIELDS.items() if name in wanted])
    tools = [(TOOLS, pa.string())] if TOOLS in wanted else []
    return pa.schema([("id", pa.string()), ("messages", pa.list_(message)), *tools, ("meta", META)])


def to_table(
    ids: Sequence[str], documents: Sequence[Mapping[str, Any]], origins: Sequence[Origin], schema: pa.Schema
) -> pa.Table:
    """Built column by column: from a list of objects pyarrow needs five times as long."""
    message_type = schema.field("messages").type.value_type
    messages = [message for document in documents for message in document["messages"]]
    offsets = [0]
    for document in documents:
        offsets.append(offsets[-1] + len(document["messages"]))
    fields = [pa.array([message.get(field.name) for message in messages], field.type) for field in message_type]
    structs = pa.StructArray.from_arrays(fields, fields=list(message_type))
    columns: dict[str, pa.Array] = {
        "id": pa.array(ids, pa.string()),
        "messages": pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs, type=schema.field("messages").type),
        "meta": pa.StructArray.from_arrays(
            [pa.array(column, kind.type) for column, kind in zip(zip(*origins, strict=True), META, strict=True)],
            fields=list(META),
        ),
    }
    if TOOLS in schema.names:
        columns[TOOLS] = pa.array([document.get(TOOLS) for document in documents], pa.string())
    return pa.table([columns[name] for name in schema.names], schema=schema)


def content_of(record: Mapping[str, Any]) -> Content:
    """A record read from parquet, or a row's document. Raises KeyError or TypeError for what is neither."""
    return Content(tuple(_message(message) for message in record["messages"]), record.get(TOOLS))


def _message(record: Mapping[str, Any]) -> Message:
    role, content, train = record["role"], record["content"], record.get("train")
    if len(record) == len(ALWAYS):
        return Message(role, content)
    return Message(
        role,
        content,
        True if train is None else train,
        record.get("reasoning_content"),
        tuple(ToolCall(call["name"], call["arguments"], call.get("id")) for call in record.get("tool_calls") or ()),
        record.get("tool_call_id"),
        record.get("name"),
    )
