"""Tags of web pages, in text that was one: paragraphs, breaks, links and emphasis around prose. Mark-up that was asked for, is
shown or was built (documents, tables, lists alone, layouts, other languages of tags) is what the text says."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence

_ATTRIBUTES = r"""(?:\s+[A-Za-z:_-]{1,40}\s?=\s?(?:"[^"<>]{0,1000}"|'[^'<>]{0,1000}'|[^\s<>"']{1,1000})){0,20}\s*/?>"""
"""With values, all of them: `a <b and c> d` is no tag."""
_BLOCKS = "p|div|li|ul|ol|h[1-6]|section|article"
_BREAKS = re.compile(rf"(?<![ \t])(?:[ \t]*<(?:br|hr|/?(?:{_BLOCKS})){_ATTRIBUTES}[ \t]*)+", re.I)
"""From the first blank before it: from each of them, a row of blanks would be looked through as often as it is long."""
_INLINE = "span|font|b|i|u|em|strong|a|img|center|small|big|label|nobr"
_OTHERS = re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}", re.I)
_LEFT = "sub|sup|s|del|strike|blockquote|figure|figcaption|o:p|think|thinking"
"""Pages have them beside the rest; they carry meaning in formulas, quote, or are none of theirs."""
_FOREIGN = re.compile(rf"</?(?!(?:{_BLOCKS}|{_INLINE}|{_LEFT}|br|hr)[\s/>])[A-Za-z][\w:.-]{{0,40}}(?:\s[^<>]{{0,400}})?/?>", re.I)
"""Tables, forms, drawings, subtitles, strings of programs: the tags of a document, and not of prose."""
_BOX = re.compile(r"<(?:div|section|article)\b[^<>]{0,200}\b(?:class|id)\b", re.I)
MIN_BOXES = 2
"""One with a name is left around prose; several are a layout."""
_ACTS = re.compile(r"<[a-z][^<>]{0,400}?\s(?:on[a-z]{3,20}|slot|(?:v-|ng-|\*ng|v-bind:|[:@#])[\w.-]{1,30})\s?=", re.I)
"""What a program does with elements."""
_LIST_TAG = re.compile(r"<(/?)(?:ul|ol)\b[^<>]{0,1000}>", re.I)
_ELEMENT = re.compile(rf"<(?P<any>{_INLINE}|{_BLOCKS})\b[^<>]{{0,1000}}>[\s\S]{{0,500}}?</(?P=any)\s*>", re.I)
_EXAMPLE = re.compile(rf"[:：]\s*<(?:{_BLOCKS})\b|[:：][ \t]*\n\s*<(?:{_INLINE})\b", re.I)
"""What stands behind a colon."""
_WRAPPED = re.compile(rf"\s*<(?:{_BLOCKS})\b[\s\S]*</(?:{_BLOCKS})\s*>(?:\s|&nbsp;)*(?:<br\s*/?>[^<]*)*", re.I)
"""A text that was a page as a whole."""
_TAG = re.compile(rf"<(?P<end>/?)(?P<name>(?:br|hr|{_BLOCKS}|{_INLINE})(?![A-Za-z0-9])){_ATTRIBUTES}", re.I)
_BLOCK_TAG = re.compile(rf"<(?:br|hr|{_BLOCKS})\b", re.I)
_ANY_TAG, _LETTER = re.compile(r"<[^<>]{0,1000}>|&#?\w+;"), re.compile(r"[^\W\d_]")
_SINGLE = frozenset({"br", "hr", "img"})
_BLOCK = re.compile(rf"(?:br|hr|{_BLOCKS})$", re.I)
MIN_ELEMENTS = 2
"""Elements, one of them a block or a break, that make a text a web page; one alone may be what the text is about."""
_ENTITIES = re.compile(
    r"&(?:nbsp|lt|gt|quot|apos|mdash|ndash|hellip|ldquo|rdquo|lsquo|rsquo|#(?!38;)[1-9]\d{1,5}|#[xX](?!26;)[1-9A-Fa-f][0-9A-Fa-f]{1,4}"
    r"|amp(?!;#?[A-Za-z0-9]{1,10}(?:;|\b=)));"
)
"""Not `&amp;lt;`, which was written so to be read as `&lt;`, and not what parts the parameters of an address."""
_OPENING, _CLOSING = "`'\"\u201c\u2018「『", "`'\"\u201d\u2019」』"
_IS_SHOWN = re.compile(
    rf"""&(?:lt|\#60);[/!?]?[A-Za-z]|[{_OPENING}]\s?&(?:[a-z]{{2,6}}|\#\w{{2,6}});
    |[{_OPENING}]<[^<>]{{1,40}}>[{_CLOSING}]|["'`]<[A-Za-z]
    |(?:写|用|输入|替换为|替换成|写成|变成|什么是|\b(?:write|use|type|insert|with|as|is|and|or|like|to|does))
    \s?&(?:(?!quot|[lr][ds]quo)[a-z]{{2,6}}|\#(?!8\d{{3}}|3[49];)\w{{2,6}});""",
    re.I | re.X,
)
"""Mark-up that is shown to the reader: as entities, between quotes, behind a word that says to write it (but quotes, which stand
behind any word)."""
_IS_CODE = re.compile(
    r"""[{}`]|\w\(\)|[)\]"'];[ \t]*$|=[^;&\n]{1,80};[ \t]*$|=>|::|\bdef\s\w|\breturn\b\s*['"<(]|</?[A-Z][a-z]\w*>|\$\$|\\[a-z]+\{
    |<\?|<!doctype|<!--|\d\s*-->\s*\d
    |<(?:html|head|body|script|style|template|svg|form|input|button|select|nav|header|footer|main|iframe|code|pre)\b""",
    re.M | re.X,
)
"""What programs, formulas and templates look like."""
_IS_ABOUT_CODE = re.compile(
    r"\|\s*:?-{3,}|<html|\b(?:html|xml|css|jsx|svg|vue|react|angular|svelte|jinja|markup|markdown|latex|regex|python|java|php"
    r"|golang|rust|kotlin|django|flask|sql|bash|jquery|web ?pages?|generics?|rich text|readme|ssml"
    r"|(?:opening|closing|meta|anchor) tags?|(?:source|sample|example) code)\b|javascript|typescript|\bc\+\+|\bc\#"
    r"|正则|网页|(?:闭合|换行|段落)标签|爬虫|前端|源码|源代码|(?:段|下|行|用)代码|函数|编程|转义|实体字符|字符实体|富文本|换行符|泛型"
    r"|写[^。，\n]{0,10}程序"
)
"""Rows, in small letters, in which mark-up is what is talked about, or which hold a table in Markdown together."""
_ASKS_FOR_MARK_UP = re.compile(
    r"\b(?:tags?|code|script|entit(?:y|ies)|escap(?:e|es|ed|ing)|unescape|decode|convert|format(?:s|ted|ting)?|template|signature"
    r"|newsletter|layout|headings?|bold|italics?|cent(?:er|re)d|underlined?|blog|web ?site|home ?page|page|subtitles?|swift|ruby"
    r"|perl|shell)\b"
    r"|代码|标签|格式|模板|排版|版式|样式|加粗|斜体|居中|字幕|网站|主页|页面|博客|签名档|脚本|解码|还原"
)
"""Questions, in small letters, whose answer may be in mark-up; answers have such words for other reasons."""
_IS_A_THING = re.compile(
    r"\btags? (?:my|your|his|her|our|their|along|line|number)\b|\b(?:price|name|dog|luggage|gift|ear|skin) tags?\b"
    r"|\b(?:error|fault|alarm|trouble|zip|post|postal|area|country|dial(?:l?ing)?|dress|qr|promo|discount|tax|bar) ?codes?\b"
    r"|\bcodes? (?:of|[a-z]{0,3}-?\d)"
    r"|(?:错误|故障|报警|异常|股票|证券|基金|邮政|地区|国家|行业|税务|机构|信用)代码|代码\s?[a-z]{0,3}-?\d"
    r"|(?:产品|商品|价格|行李|衣服|服装|食品|营养|药品|吊牌|用户|社会|防伪)标签|标签上"
)
"""What has such a name and is no mark-up."""


def is_meant(asked: Sequence[str], row: str) -> bool:
    """Whether mark-up is what this row is about; `asked` is what the user says, `row` all that is said.

    A question that is a page as a whole was copied from one; where a part of it is mark-up, it is about that part.
    """
    if _IS_ABOUT_CODE.search(row.lower()):
        return True
    question = "\n".join(asked)
    if _IS_SHOWN.search(question) or _ASKS_FOR_MARK_UP.search(_IS_A_THING.sub("", question.lower())):
        return True
    return any("<" in text and _ELEMENT.search(text) and not _WRAPPED.fullmatch(text) for text in asked)


def without_tags(text: str) -> str:
    """Plain text: breaks and blocks are line ends, entities are what they stand for.

    Entities after tags, and once: what they make is text.
    """
    is_web_page = "<" in text and _is_web_page(text)
    if not is_web_page and not ("&" in text and _ENTITIES.search(text)):
        return text
    if _IS_SHOWN.search(text) or _IS_CODE.search(text):
        return text
    if "<" in text and (_FOREIGN.search(text) or (is_web_page and _is_built(text))):
        return text
    if is_web_page:
        text = _OTHERS.sub("", _BREAKS.sub("\n", text)).strip("\n").rstrip()
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


def _is_built(text: str) -> bool:
    """Whether its mark-up is a document, or an example of one, and not what was left around prose."""
    if len(_BOX.findall(text)) >= MIN_BOXES or _ACTS.search(text) or (text[0] != "<" and _EXAMPLE.search(text)):
        return True
    prose = _without_lists(text)
    if not _BLOCK_TAG.search(prose):  # links and emphasis stand between words, and lists among paragraphs
        prose = _ELEMENT.sub("", prose)
    return _LETTER.search(_ANY_TAG.sub("", prose)) is None


def _without_lists(text: str) -> str:
    parts, end, depth = [], 0, 0
    for tag in _LIST_TAG.finditer(text):
        parts += [] if depth else [text[end : tag.start()]]
        depth, end = max(0, depth + (-1 if tag[1] else 1)), tag.end()
    return "".join([*parts, *([] if depth else [text[end:]])])


def _meant(entity: re.Match[str]) -> str:
    meant = html.unescape(entity[0])
    return " " if meant == "\xa0" else entity[0] if meant in ("", "\ufffd") else meant
