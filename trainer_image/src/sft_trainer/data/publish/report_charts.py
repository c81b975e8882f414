"""The report's charts, as SVG inside the page: no script, no file beside it; colours are the page's own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from sft_trainer.data.features.dataset_features import Cut, Histogram

WIDTH, HEIGHT = 480, 180
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 18, 34
COLOURS = 7
"""Classes c0 (kept) to c7 of the page's style; reasons beyond them share the last."""
MAX_AXIS_LABELS = 8


def reason_colours(rejected: Mapping[str, int]) -> dict[str, int]:
    """The colour of each reason, the most frequent first, so that it is the same in every source's bar."""
    by_size = sorted(rejected, key=lambda reason: (-rejected[reason], reason))
    return {reason: min(number, COLOURS) for number, reason in enumerate(by_size, start=1)}


def accounting_bar(kept: int, rejected: Mapping[str, int], colours: Mapping[str, int]) -> Markup:
    """One bar: the kept rows, then the rejected ones by reason, the most frequent first."""
    by_size = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    total = kept + sum(rejected.values())
    bars, x = [], 0.0
    for name, count, colour in [("kept", kept, 0), *((name, count, colours.get(name, COLOURS)) for name, count in by_size)]:
        width = WIDTH * count / max(total, 1)
        title = f"{name}: {count:,} ({percent(count / max(total, 1))})"
        rectangle = Markup('<rect x="{:.2f}" y="0" width="{:.2f}" height="20" class="c{}"><title>{}</title></rect>')
        bars.append(rectangle.format(x, width, colour, title))
        x += width
    return _svg(WIDTH, 20, f"{kept} of {total} rows kept", bars, "bar")


def histogram_chart(histogram: Histogram, unit: str) -> Markup:
    """Columns, one a bin; the number of rows above each."""
    counts = histogram.counts
    highest = max([*counts, 1])
    step = (WIDTH - LEFT - RIGHT) / max(len(counts), 1)
    shapes = [_baseline()]
    every = math.ceil((len(counts) + 1) / MAX_AXIS_LABELS)
    for number, count in enumerate(counts):
        x = LEFT + number * step
        height = (HEIGHT - TOP - BOTTOM) * count / highest
        y = HEIGHT - BOTTOM - height
        low, high = histogram.edges[number], histogram.edges[number + 1] - 1
        column = Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="c0"><title>{}</title></rect>')
        shapes.append(column.format(x + 1, y, max(step - 2, 1), height, f"{low:,} to {high:,} {unit}: {count:,}"))
        if count:
            shapes.append(_label(x + step / 2, y - 4, short(count), "middle"))
    for number in range(0, len(histogram.edges), every):
        shapes.append(
            _label(LEFT + number * step, HEIGHT - BOTTOM + 14, short(histogram.edges[number]), _anchor(number, len(counts)))
        )
    shapes.append(_label(WIDTH / 2, HEIGHT - 4, unit, "middle"))
    return _svg(WIDTH, HEIGHT, f"histogram of {unit}", shapes, "chart")


def cut_chart(cuts: Sequence[Cut], examples: int) -> Markup:
    """A line: which share of the examples is longer than each maxSequenceLength."""
    step = (WIDTH - LEFT - RIGHT - 40) / max(len(cuts) - 1, 1)
    shapes, points = [_baseline()], []
    for number, cut in enumerate(cuts):
        share = cut.rows / max(examples, 1)
        x = LEFT + 20 + number * step
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share
        points.append(f"{x:.1f},{y:.1f}")
        title = f"{cut.max_sequence_length:,}: {cut.rows:,} examples cut, {cut.tokens:,} tokens lost"
        shapes.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4" class="c0"><title>{}</title></circle>').format(x, y, title))
        shapes.append(_label(x, y - 8, percent(share), "middle"))
        shapes.append(_label(x, HEIGHT - BOTTOM + 14, short(cut.max_sequence_length), "middle"))
    shapes.insert(1, Markup('<polyline points="{}" class="line"/>').format(" ".join(points)))
    shapes.append(_label(WIDTH / 2, HEIGHT - 4, "maxSequenceLength", "middle"))
    return _svg(WIDTH, HEIGHT, "share of examples that each maxSequenceLength cuts", shapes, "chart")


def share_bars(rows: Mapping[str, int]) -> list[tuple[str, int, str, float]]:
    """(name, rows, share as text, share in percent) by size, for rows of a table with a bar in it."""
    total = sum(rows.values()) or 1
    by_size = sorted(rows.items(), key=lambda item: (-item[1], item[0]))
    return [(name, count, percent(count / total), round(100 * count / total, 2)) for name, count in by_size]


def percent(share: float) -> str:
    """`12.3 %`; what is not nothing never reads as nothing."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if 0 < share < 1 else f"{100 * share:.0f} %"


def short(number: int) -> str:
    """Up to 9,999 as it is, then `16.4k`: a chart has no room for more."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1_000_000:.3g}M" if number >= 1_000_000 else f"{number / 1_000:.3g}k"


def _baseline() -> Markup:
    y = HEIGHT - BOTTOM
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="axis"/>').format(LEFT, y, WIDTH - RIGHT, y)


def _anchor(number: int, last: int) -> str:
    return "start" if number == 0 else "end" if number == last else "middle"


def _label(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, text)


def _svg(width: int, height: int, title: str, shapes: Sequence[Markup], kind: str) -> Markup:
    stretch = Markup(' preserveAspectRatio="none"') if kind == "bar" else Markup("")
    return Markup('<svg viewBox="0 0 {} {}" class="{}" role="img" aria-label="{}"{}>{}</svg>').format(
        width, height, kind, title, stretch, Markup("").join(shapes)
    )
