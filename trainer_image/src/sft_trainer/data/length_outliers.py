"""Rows that are far longer than the others: whole books and dumps among answers of a paragraph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sft_trainer.data.kept_rows import KeptRows

LENGTH_OUTLIER = "LengthOutlier"
FAR_OUT = 3.0
"""Interquartile ranges above the upper quartile: Tukey's outer fence (Exploratory Data Analysis, 1977), of the logarithm, as
lengths of texts spread over orders of magnitude."""
MIN_RANGE = 0.1
"""Of the logarithm, the least interquartile range: where all rows are equally long, one letter more is nothing."""
MIN_TIMES_MEDIAN = 3.0
"""A row that is shorter than this many of the median one is ordinary, however much the others are alike."""
MIN_ROWS = 100
"""Of fewer the quartiles say little."""


def length_outliers(kept: Sequence[int], rows: KeptRows) -> Iterator[int]:
    """The numbers of the rows beyond the fence; lengths are bytes of canonical JSON."""
    if len(kept) < MIN_ROWS:
        return
    lengths = np.log1p(np.fromiter((rows.size(number) for number in kept), dtype=np.float64, count=len(kept)))
    lower, median, upper = np.percentile(lengths, [25, 50, 75])
    fence = max(upper + FAR_OUT * max(upper - lower, MIN_RANGE), median + np.log(MIN_TIMES_MEDIAN))
    for place in np.nonzero(lengths > fence)[0]:
        yield kept[int(place)]
