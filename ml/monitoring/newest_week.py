"""The forecast of a week ago against the week that has just come: the earliest news of whether forecasts still hold."""

from datetime import date

import numpy as np
import polars as pl

from domain.calendar import ONE_WEEK
from domain.forecast_tables import NewestWeekTallies
from ml.monitoring.tallies import tally_forecast
from ml.preprocessing import without_unit_errors
from ml.preprocessing.visible import SERIES_KEY

_BASELINE_WEEKS = 8


def tally_newest_week(forecast: pl.DataFrame, weekly_demand: pl.DataFrame, *, week: date) -> pl.DataFrame:
    """Sums over the series whose demand of the week is known, with the error of their mean over the 8 weeks before.

    Args:
        forecast: `stage_tables.Forecasts` of the cutoff before the week; may be empty.
        weekly_demand: Series up to the week.
        week: Monday of the week.

    Returns:
        `forecast_tables.NewestWeekTallies`, sorted.
    """
    of_week = tally_forecast(forecast.filter(pl.col("week") == week), weekly_demand)
    errors = _baseline_errors(forecast.filter(pl.col("week") == week), weekly_demand, week=week)
    both = of_week.join(errors, on="segment", how="left").with_columns(pl.col("baseline_error_milliunits").fill_null(0))
    return NewestWeekTallies.validate(both.select(NewestWeekTallies.column_names()).sort("segment"))


def _baseline_errors(forecast: pl.DataFrame, weekly_demand: pl.DataFrame, *, week: date) -> pl.DataFrame:
    """By segment; a series without a known week before is forecast as zero."""
    known = without_unit_errors(weekly_demand).filter(pl.col("sales_units").is_not_null(), ~pl.col("is_censored"))
    before = known.filter(pl.col("week").is_between(week - _BASELINE_WEEKS * ONE_WEEK, week - ONE_WEEK))
    usual = before.group_by(SERIES_KEY).agg(usual_units=pl.col("sales_units").mean())
    cells = forecast.select(*SERIES_KEY, "week", "segment").join(known, on=[*SERIES_KEY, "week"], how="inner").join(usual, on=SERIES_KEY, how="left")
    error = np.abs(cells["sales_units"].cast(pl.Float64).to_numpy() - cells["usual_units"].fill_null(0.0).to_numpy())
    whole = cells.select("segment").with_columns(baseline_error_milliunits=pl.Series(np.round(error * 1_000).astype(np.int64), dtype=pl.Int64))
    return whole.group_by("segment").agg(pl.col("baseline_error_milliunits").sum())
