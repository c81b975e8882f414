"""The log: one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys

from sft_operator.shell.logging import JsonLines


def test_a_line_is_json_with_everything_that_was_named() -> None:
    record = logging.makeLogRecord({"msg": "Created %s", "args": ("Job",), "levelname": "INFO", "job": "a\nb"})
    text = JsonLines().format(record)
    line = json.loads(text)
    assert "\n" not in text
    assert (line["message"], line["level"], line["job"]) == ("Created Job", "INFO", "a\nb")
    assert "args" not in line


def test_an_exception_stands_in_its_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        record = logging.makeLogRecord({"msg": "x", "exc_info": sys.exc_info()})
    assert "ValueError: broken" in json.loads(JsonLines().format(record))["exception"]
