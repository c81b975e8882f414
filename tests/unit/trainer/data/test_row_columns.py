"""Parquet columns hold a row whole, whatever it carries."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.data.row_columns import content_of, optional_fields, schema_of, to_table
from sft_trainer.data.rows import Content, Message, Origin
from tests.unit.trainer.data.contents import CONTENTS


@given(st.lists(CONTENTS, min_size=1, max_size=5))
def test_what_is_written_is_read_back_whole(contents: list[Content]) -> None:
    filled = set().union(*(optional_fields(content) for content in contents))
    origins = [Origin("faq", "a.jsonl", line) for line in range(len(contents))]
    table = to_table(["x"] * len(contents), [each.document() for each in contents], origins, schema_of(filled))
    file = io.BytesIO()
    pq.write_table(table, file)
    records = pq.read_table(file).to_pylist()
    assert [content_of(record) for record in records] == contents
    assert [Origin(**record["meta"]) for record in records] == origins


@given(CONTENTS)
def test_a_document_is_a_row_again(content: Content) -> None:
    assert content_of(content.document()) == content


def test_ordinary_rows_have_no_columns_but_role_and_content() -> None:
    content = Content((Message("user", "q"), Message("assistant", "a")))
    schema = schema_of(optional_fields(content))
    assert schema.names == ["id", "messages", "meta"]
    assert [field.name for field in schema.field("messages").type.value_type] == ["role", "content"]
