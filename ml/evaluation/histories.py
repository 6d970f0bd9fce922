"""The series of a cutoff as one matrix, newest week last: what the simple forecasters read."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.preprocessing.visible import SERIES_KEY
from ml.transformation.panel import Panel

FloatArray = npt.NDArray[np.float64]


class Histories(NamedTuple):
    """Known demand of every series."""

    keys: pl.DataFrame
    """merchant_id, article_id: one row per series, sorted."""
    units: FloatArray
    """`(n_series, n_weeks)`; NaN = unknown, cut off by stock, or before the series began."""


def histories_of(panel: Panel, *, n_weeks: int) -> Histories:
    """The last `n_weeks` weeks of a panel."""
    units = np.full((len(panel.start), n_weeks), np.nan)
    column = n_weeks - 1 - (panel.last_row[panel.series] - np.arange(len(panel.series)))
    inside = panel.is_known & (column >= 0)
    units[panel.series[inside], column[inside]] = panel.sales_units[inside]
    return Histories(panel.keys.select(SERIES_KEY), units)


def row_means(values: FloatArray) -> FloatArray:
    """Mean of each row's known numbers `(n,)`; NaN where there are none."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.asarray(np.divide(np.where(known, values, 0.0).sum(axis=1), count, out=np.full(len(values), np.nan), where=count > 0))
