"""Tags of web pages in text that is not about them."""

from __future__ import annotations

import html
import re

_ATTRIBUTES = r"""(?:\s+[A-Za-z:_-]{1,40}\s?=\s?(?:"[^"<>]{0,1000}"|'[^'<>]{0,1000}'|[^\s<>"']{1,1000})){0,20}\s*/?>"""
"""With values, all of them: `a <b and c> d` is no tag."""
_BREAKS = re.compile(
    rf"(?:[ \t]*<(?:br|hr|/?(?:p|div|li|ul|ol|tr|table|tbody|h[1-6]|section|article)){_ATTRIBUTES}[ \t]*)+", re.I
)
_CELLS = re.compile(r"</t[dh]\s*>", re.I)
_OTHERS = re.compile(rf"</?(?:span|font|b|i|u|em|strong|a|td|th|img|center|small|big|label|nobr){_ATTRIBUTES}", re.I)
"""Not sub and sup, which carry meaning in formulas."""
_ENTITIES = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#39|mdash|ndash|hellip|ldquo|rdquo|lsquo|rsquo);")
_IS_ABOUT_CODE = re.compile(
    r"```|\|\s*:?-{3,}|<!doctype|<html|<head|<body|<script|<style|<\?|</?template|\\begin\{|\\frac|\$\$|\bhtml\b|\bxml\b|\bcss\b|\bjsx\b|\bsvg\b|\bvue\b"
    r"|\btags?\b|\bmarkup\b|javascript|\bcode\b|\bregex|正则|网页|标签|代码|爬虫|前端|源码",
    re.I,
)
"""Rows in which tags are what is talked about (programs, mark-up, formulas), or hold a table in Markdown together."""


def has_tags(text: str) -> bool:
    """Whether there is something to take away."""
    return _BREAKS.search(text) is not None or _OTHERS.search(text) is not None or _ENTITIES.search(text) is not None


def is_about_code(row: str) -> bool:
    """Whether the tags of this row are its subject; `row` is all that it says."""
    return _IS_ABOUT_CODE.search(row) is not None


def without_tags(text: str) -> str:
    """Plain text: breaks and blocks are line ends, cells are set apart by tabs, entities are what they stand for."""
    text = _BREAKS.sub("\n", text)
    text = _OTHERS.sub("", _CELLS.sub("\t", text))
    text = _ENTITIES.sub(lambda entity: " " if entity[0] == "&nbsp;" else html.unescape(entity[0]), text)
    return text.strip()
