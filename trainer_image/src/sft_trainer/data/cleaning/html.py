"""Tags of web pages, in text that was one. Programs, formulas, templates and words about mark-up hold tags that are meant."""

from __future__ import annotations

import html
import re
from collections import Counter

_ATTRIBUTES = r"""(?:\s+[A-Za-z:_-]{1,40}\s?=\s?(?:"[^"<>]{0,1000}"|'[^'<>]{0,1000}'|[^\s<>"']{1,1000})){0,20}\s*/?>"""
"""With values, all of them: `a <b and c> d` is no tag."""
_BLOCKS = "p|div|li|ul|ol|tr|table|tbody|h[1-6]|section|article"
_BREAKS = re.compile(rf"(?<![ \t])(?:[ \t]*<(?:br|hr|/?(?:{_BLOCKS})){_ATTRIBUTES}[ \t]*)+", re.I)
"""From the first blank before it: from each of them, a row of blanks would be looked through as often as it is long."""
_CELLS = re.compile(r"</t[dh]\s*>", re.I)
_INLINE = "span|font|b|i|u|em|strong|a|td|th|img|center|small|big|label|nobr"
"""Not sub and sup, which carry meaning in formulas."""
_OTHERS = re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}", re.I)
_TAG = re.compile(rf"<(?P<end>/?)(?P<name>(?:br|hr|{_BLOCKS}|{_INLINE})(?![A-Za-z0-9])){_ATTRIBUTES}", re.I)
_SINGLE = frozenset({"br", "hr", "img"})
_BLOCK = re.compile(rf"(?:br|hr|{_BLOCKS})$", re.I)
MIN_ELEMENTS = 2
"""Elements, one of them a block or a break, that make a text a web page; one alone may be what the text is about."""
_ENTITIES = re.compile(
    r"&(?:nbsp|lt|gt|quot|apos|#39|mdash|ndash|hellip|ldquo|rdquo|lsquo|rsquo|amp(?!;#?[A-Za-z0-9]{1,10}(?:;|\b=)));"
)
"""Not `&amp;lt;`, which was written so to be read as `&lt;`, and not what parts the parameters of an address."""
_OPENING, _CLOSING = "`'\"\u201c\u2018「『", "`'\"\u201d\u2019」』"
_IS_SHOWN = re.compile(
    rf"""&lt;[/!?]?[A-Za-z]|[{_OPENING}]\s?&(?:[a-z]{{2,6}}|\#39);|[{_OPENING}]<[^<>]{{1,40}}>[{_CLOSING}]|["'`]<[A-Za-z]
    |(?:写|用|输入|替换为|替换成|写成|变成|\b(?:write|use|type|insert|with|as|is|and|or|like|to))\s?&(?:[a-z]{{2,6}}|\#39);""",
    re.I | re.X,
)
"""Mark-up that is shown to the reader: as entities, between quotes, behind a word that says to write it."""
_IS_CODE = re.compile(
    r"""[{}`]|\w\(\)|[)\]"'];[ \t]*$|=[^;&\n]{1,80};[ \t]*$|=>|::|\bdef\s\w|\breturn\b\s*['"<(]|</?[A-Z][a-z]\w*>|\$\$|\\[a-z]+\{
    |<\?|<!doctype|<!--
    |<(?:html|head|body|script|style|template|svg|form|input|button|select|nav|header|footer|main|iframe|code|pre)\b""",
    re.M | re.X,
)
"""What programs, formulas and templates look like."""
_IS_ABOUT_CODE = re.compile(
    r"\|\s*:?-{3,}|<html|\b(?:html|xml|css|jsx|svg|vue|react|angular|svelte|jinja|tags?|markup|markdown|latex|regex|python|java|php"
    r"|golang|rust|kotlin|swift|ruby|perl|django|flask|sql|bash|shell|jquery|entit(?:y|ies)|escap(?:e|es|ed|ing)|web ?page"
    r"|website|generics?|rich text|readme|subtitles?|headings?|bold|blog|ssml)\b|javascript|typescript|\bc\+\+|\bc\#"
    r"|(?<!postal )(?<!post )(?<!zip )(?<!area )(?<!dress )(?<!country )\bcode\b"
    r"|正则|网页|标签|代码|爬虫|前端|源码|函数|编程|脚本|转义|实体字符|字符实体|富文本|换行符|泛型|保留格式|排版|字幕|加粗|网站|写[^。，\n]{0,10}程序"
)
"""Rows, in small letters, in which mark-up is what is talked about, or which hold a table in Markdown together."""


def is_about_code(row: str) -> bool:
    """Whether tags are the subject of this row; `row` is all that it says."""
    return _IS_ABOUT_CODE.search(row.lower()) is not None


def without_tags(text: str) -> str:
    """Plain text: breaks and blocks are line ends, cells are set apart by tabs, entities are what they stand for.

    Entities after tags, and once: what they make is text.
    """
    is_web_page = "<" in text and _is_web_page(text)
    if not is_web_page and not ("&" in text and _ENTITIES.search(text)):
        return text
    if _IS_SHOWN.search(text) or _IS_CODE.search(text):
        return text
    if is_web_page:
        text = _OTHERS.sub("", _CELLS.sub("\t", _BREAKS.sub("\n", text))).strip("\n").rstrip()
    return _ENTITIES.sub(_meant, text)


def _is_web_page(text: str) -> bool:
    """By what is certain: an element with attributes, or several that are closed."""
    begun, ended = Counter[str](), Counter[str]()
    for tag in _TAG.finditer(text):
        name = tag["name"].lower()
        if "=" in tag[0]:
            return True
        (ended if tag["end"] else begun)[name] += 1
    elements = {name: count if name in _SINGLE else min(count, ended[name]) for name, count in begun.items()}
    return sum(elements.values()) >= MIN_ELEMENTS and any(count and _BLOCK.match(name) for name, count in elements.items())


def _meant(entity: re.Match[str]) -> str:
    return " " if entity[0] == "&nbsp;" else html.unescape(entity[0])
