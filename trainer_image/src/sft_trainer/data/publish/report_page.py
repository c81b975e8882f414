"""report.html: one file that shows a report, to be opened anywhere. It asks for nothing and runs nothing.

Rows come from anywhere: all of their text is escaped, and what would hide or turn it round is shown by its code point.
"""

from __future__ import annotations

import difflib
import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from sft_trainer.data.publish.report import Report
from sft_trainer.data.publish.report_charts import accounting_bar, cut_chart, histogram_chart, percent, reason_colours, share_bars

MAX_SHOWN_CHARACTERS = 4000
"""Of one text of a row: enough to judge it, and a page of a hundred samples still opens at once."""
MAX_COMPARED_PARTS = 400
"""Words between the first and the last change of a row: comparing takes the product of both lengths, and hostile rows more."""

_PART = re.compile(r"[A-Za-z0-9]+|\s+|.", re.DOTALL)

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""Controls, directions and invisible letters. Joiners (U+200C, U+200D) stay: Persian, Indian scripts and emoji need them."""


def report_page(report: Report) -> str:
    """The page."""
    return _template().render(report=report, colours=reason_colours(report.total.rejected))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("sft_trainer.data.publish", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(shown=shown, number=lambda value: f"{value:,}", bytext=share_bars, percent=percent)
    environment.globals.update(
        accounting_bar=accounting_bar, histogram_chart=histogram_chart, cut_chart=cut_chart, marked=marked_difference
    )
    return environment.get_template("report.html.j2")


def shown(text: str, limit: int = MAX_SHOWN_CHARACTERS) -> Markup:
    """A row's text, escaped, with what cannot be seen made visible."""
    cut = Markup('<span class="cut">[{:,} more characters]</span>').format(len(text) - limit) if len(text) > limit else Markup("")
    return _visible(text[:limit]) + cut


def _visible(text: str) -> Markup:
    parts: list[Markup] = []
    done = 0
    for match in _HIDDEN.finditer(text):
        code = Markup('<span class="code">U+{:04X}</span>').format(ord(match[0]))
        parts += (escape(text[done : match.start()]), code)
        done = match.end()
    parts.append(escape(text[done:]))
    return Markup("").join(parts)


def marked_difference(before: str, after: str) -> tuple[Markup, Markup]:
    """Both texts, what was taken away marked in the first, what was put in its place in the second."""
    before, after = before[:MAX_SHOWN_CHARACTERS], after[:MAX_SHOWN_CHARACTERS]
    start = _common_start(before, after)
    end = _common_start(before[start:][::-1], after[start:][::-1])
    middles = [text[start : len(text) - end] for text in (before, after)]
    sides = [_visible(before[:start]), _visible(after[:start])]
    for number, pieces in enumerate(_differences(*middles)):
        sides[number] += pieces
    rest = _visible(before[len(before) - end :])
    return sides[0] + rest, sides[1] + rest


def _common_start(one: str, other: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _differences(before: str, after: str) -> tuple[Markup, Markup]:
    old, new = _PART.findall(before), _PART.findall(after)
    if max(len(old), len(new)) > MAX_COMPARED_PARTS:
        return _tagged("del", before), _tagged("ins", after)
    left, right = Markup(""), Markup("")
    for kind, start, end, new_start, new_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[start:end]), "".join(new[new_start:new_end])
        left += _visible(gone) if kind == "equal" else _tagged("del", gone)
        right += _visible(come) if kind == "equal" else _tagged("ins", come)
    return left, right


def _tagged(tag: str, text: str) -> Markup:
    return Markup("<{}>{}</{}>").format(tag, _visible(text), tag) if text else Markup("")
