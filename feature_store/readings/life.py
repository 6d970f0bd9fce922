"""Readings of lives: announced ends and launches."""

from datetime import date, timedelta

import polars as pl

from domain.calendar import first_horizon_week
from domain.stage_tables import HORIZON_WEEKS
from feature_store.readings.lines import lines
from ml.preprocessing.visible import SERIES_KEY


def ends_ahead(series: pl.DataFrame, articles: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    """Articles whose last day on sale lies within the horizon.

    Args:
        series: Keys of the day's SKUs.
        articles: The contract's table.
        cutoff: The forecast's.
    """
    first = first_horizon_week(cutoff)
    ahead = articles.filter(pl.col("end_of_life_date").is_between(first, first + timedelta(weeks=HORIZON_WEEKS), closed="left"))
    rows = ahead.join(series, on=SERIES_KEY, how="semi").sort(SERIES_KEY)
    evidence = pl.format("The last day on sale is {}: no demand was counted after it.", "end_of_life_date")
    return lines(rows, reading="life_ends", table="articles", column="end_of_life_date", evidence=evidence)


def undecided_launches(series: pl.DataFrame, articles: pl.DataFrame, *, decision_date: date, lead_weeks: float) -> pl.DataFrame:
    """Articles to be launched within a horizon and the longest lead time, of which no forecast knows yet: nothing is decided for them."""
    last = decision_date + timedelta(weeks=HORIZON_WEEKS + round(lead_weeks))
    ahead = articles.filter(pl.col("launch_date").is_between(decision_date, last))
    rows = ahead.join(series, on=SERIES_KEY, how="anti").sort(SERIES_KEY)
    evidence = pl.format("Not decided: launches {}, further ahead than forecasts look.", "launch_date")
    return lines(rows, reading="launch_not_decided", table="articles", column="launch_date", evidence=evidence)
