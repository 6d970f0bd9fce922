"""Demand segments: how regular and how even demand is (Syntetos & Boylan, 2005)."""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.transformation.panel import Panel, whole_panel

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

INTERVAL_CUT_OFF = 1.32
SQUARED_CV_CUT_OFF = 0.49
FEWEST_KNOWN_WEEKS = 4
SEGMENT_WEEKS = 52


def describe_series(weekly_demand: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    """What the last 52 weeks say of each series, one row per series, sorted.

    Returns:
        merchant_id, article_id, n_observed_weeks (with a number of units), n_known_weeks (not cut off by stock), their
        mean_units and variance_units, average_demand_interval, squared_cv, segment. A series that stock cut off in
        every week is described by its lower bounds: they are all there is.
    """
    panel = whole_panel(weekly_demand, cutoff=cutoff)
    oldest_day = (cutoff - date(1970, 1, 1)).days - 7 * (SEGMENT_WEEKS - 1)
    observed = (panel.first_day >= oldest_day) & panel.is_observed
    known = observed & ~panel.is_censored
    n_known = _count(panel, known)
    judged = np.where((n_known > 0)[panel.series], known, observed)
    mean, variance = _moments(panel, judged)
    sold = judged & (panel.sales_units > 0)
    sold_mean, sold_variance = _moments(panel, sold, of_sample=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        interval = _count(panel, judged) / _count(panel, sold)
        squared_cv = np.nan_to_num(sold_variance / sold_mean**2)
    return panel.keys.with_columns(
        n_observed_weeks=pl.Series(_count(panel, observed)),
        n_known_weeks=pl.Series(n_known),
        mean_units=pl.Series(mean, nan_to_null=True),
        variance_units=pl.Series(variance, nan_to_null=True),
        average_demand_interval=pl.Series(interval),
        squared_cv=pl.Series(squared_cv),
    ).with_columns(segment=_segment())


def _count(panel: Panel, chosen: BoolArray) -> npt.NDArray[np.int64]:
    return np.bincount(panel.series[chosen], minlength=len(panel.start)).astype(np.int64)


def _moments(panel: Panel, chosen: BoolArray, *, of_sample: bool = True) -> tuple[FloatArray, FloatArray]:
    """Mean and variance `(n_series,)`, NaN where too few weeks say it; from whole numbers, exact below 2^53."""
    units, series = panel.sales_units[chosen], panel.series[chosen]
    total, squares = (np.bincount(series, weights=values, minlength=len(panel.start)) for values in (units, units**2))
    n = _count(panel, chosen)
    with np.errstate(divide="ignore", invalid="ignore"):
        return total / n, np.maximum(squares - total**2 / n, 0.0) / (n - of_sample)


def _segment() -> pl.Expr:
    regular = pl.col("average_demand_interval") < INTERVAL_CUT_OFF
    even = pl.col("squared_cv") < SQUARED_CV_CUT_OFF
    return (
        pl.when(pl.col("n_known_weeks") < FEWEST_KNOWN_WEEKS)
        .then(pl.lit("new"))
        .when(regular & even)
        .then(pl.lit("smooth"))
        .when(regular)
        .then(pl.lit("erratic"))
        .when(even)
        .then(pl.lit("intermittent"))
        .otherwise(pl.lit("lumpy"))
    )
