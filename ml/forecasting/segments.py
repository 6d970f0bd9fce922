"""Demand segments: how regular and how even demand is (Syntetos & Boylan, 2005)."""

from datetime import date

import polars as pl

from ml.preprocessing.visible import SERIES_KEY, last_weeks

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
    recent = weekly_demand.lazy().filter(pl.col("week") <= cutoff).with_columns(recent=last_weeks("week", cutoff=cutoff, n_weeks=SEGMENT_WEEKS))
    observed = pl.col("recent") & pl.col("sales_units").is_not_null()
    known = observed & ~pl.col("is_censored")
    judged = pl.when(known.any().over(SERIES_KEY)).then(known).otherwise(observed)
    figures = recent.with_columns(judged=judged, observed=observed, known=known).group_by(SERIES_KEY)
    units, sold = (pl.col("sales_units").filter(keep) for keep in (pl.col("judged"), pl.col("judged") & (pl.col("sales_units") > 0)))
    described = figures.agg(
        n_observed_weeks=pl.col("observed").sum().cast(pl.Int64),
        n_known_weeks=pl.col("known").sum().cast(pl.Int64),
        **_moments(units),
        average_demand_interval=units.len() / sold.len(),
        sold_mean=sold.sum() / sold.len(),
        sold_square=(sold**2).sum() / sold.len(),
    )
    squared_cv = (pl.col("sold_square") / pl.col("sold_mean") ** 2 - 1).clip(lower_bound=0.0).fill_nan(0.0)
    return described.with_columns(squared_cv=squared_cv).with_columns(segment=_segment()).drop("sold_mean", "sold_square").sort(SERIES_KEY).collect()


def _moments(units: pl.Expr) -> dict[str, pl.Expr]:
    """Mean and sample variance from integer sums: exact, so the order of rows cannot show."""
    n, total, squares = units.len(), units.sum(), (units**2).sum()
    variance = (squares - total**2 / n) / (n - 1)
    return {"mean_units": pl.when(n > 0).then(total / n), "variance_units": pl.when(n > 1).then(variance.clip(lower_bound=0.0))}


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
