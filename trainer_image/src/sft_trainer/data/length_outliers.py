"""Rows that are far longer than the others: whole books and dumps among answers of a paragraph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sft_trainer.data.kept_rows import KeptRows

LENGTH_OUTLIER = "LengthOutlier"
FAR_OUT = 3.0
"""Interquartile ranges above the upper quartile: Tukey's outer fence (Exploratory Data Analysis, 1977), of the logarithm, as
lengths of texts spread over orders of magnitude."""
MIN_ROWS = 100
"""Of fewer the quartiles say little."""


def length_outliers(kept: Sequence[int], rows: KeptRows) -> Iterator[int]:
    """The numbers of the rows beyond the fence; lengths are bytes of canonical JSON."""
    if len(kept) < MIN_ROWS:
        return
    lengths = np.log1p(np.fromiter((rows.size(number) for number in kept), dtype=np.float64, count=len(kept)))
    lower, upper = np.percentile(lengths, [25, 75])
    for place in np.nonzero(lengths > upper + FAR_OUT * (upper - lower))[0]:
        yield kept[int(place)]
