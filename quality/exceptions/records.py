"""Exceptions of what is known: stock nobody counted or that cannot be, articles without history, demand that jumped, lives that ended."""

from datetime import date

import polars as pl

from domain.calendar import ONE_WEEK
from domain.stage_tables import HORIZON_WEEKS
from quality.exceptions.exception_rows import MARGIN_EUR, SERIES_KEY, exception_rows

_NEW_LEVEL_WEEKS, _OLD_LEVEL_WEEKS = 4, 8
_LEAST_RATIO = 2.0
_LEAST_DEVIATIONS = 3.0


def without_stock_record(skus: pl.DataFrame, stock_levels: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """SKUs whose stock nobody ever counted before the day."""
    known = stock_levels.filter(pl.col("date") < decision_date, pl.col("on_hand_units").is_not_null()).select(SERIES_KEY).unique()
    action = pl.format("Count the stock before ordering {} units: none is on record, zero was assumed.", pl.col("order_now_units"))
    return exception_rows(skus.join(known, on=SERIES_KEY, how="anti"), reason="no stock record", at_stake=pl.col("order_now_value_eur"), action=action)


def stock_below_zero(skus: pl.DataFrame, stock_levels: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """Counts below zero of the last week: more was sold than was booked in.

    Args:
        skus: The day's SKUs.
        stock_levels: The contract's table.
        decision_date: The day; later rows are not looked at.
    """
    recent = pl.col("date").is_between(decision_date - ONE_WEEK, decision_date, closed="left")
    lowest = stock_levels.filter(recent, pl.col("on_hand_units") < 0).group_by(SERIES_KEY).agg(units=pl.col("on_hand_units").min())
    action = pl.format("Count the stock: the records say {} units, which cannot be; {} were assumed.", pl.col("units"), pl.col("on_hand_units"))
    return exception_rows(
        skus.join(lowest, on=SERIES_KEY, how="inner"), reason="stock below zero", at_stake=-pl.col("units") * pl.col("unit_value_eur"), action=action
    )


def without_history(skus: pl.DataFrame) -> pl.DataFrame:
    """Orders of articles that are forecast from others."""
    action = pl.format("Confirm the order of {} units: the article has too little history of its own.", pl.col("order_now_units"))
    return exception_rows(skus.filter(pl.col("segment") == "new"), reason="forecast without history", at_stake=pl.col("order_now_value_eur"), action=action)


def demand_level_shift(skus: pl.DataFrame) -> pl.DataFrame:
    """The last four known weeks against the eight before: at least twice or half, and beyond three standard deviations of those eight."""
    known = pl.col("sales_history_units").list.drop_nulls()
    recent, before = known.list.tail(_NEW_LEVEL_WEEKS), known.list.head(known.list.len().cast(pl.Int64) - _NEW_LEVEL_WEEKS)
    levels = skus.filter(known.list.len() >= _NEW_LEVEL_WEEKS + _OLD_LEVEL_WEEKS).with_columns(
        now=recent.list.mean(), usual=before.list.mean(), scatter=before.list.std()
    )
    noise = (pl.max_horizontal(pl.col("scatter") ** 2, "usual", pl.lit(1.0)) / _NEW_LEVEL_WEEKS).sqrt()
    ratio = (pl.col("now") + 0.5) / (pl.col("usual") + 0.5)
    shifted = levels.filter((ratio >= _LEAST_RATIO) | (ratio <= 1 / _LEAST_RATIO), (pl.col("now") - pl.col("usual")).abs() >= _LEAST_DEVIATIONS * noise)
    change = pl.col("now") - pl.col("usual")
    each = pl.when(change > 0).then(MARGIN_EUR).otherwise(pl.col("unit_value_eur"))
    action = pl.format(
        "Ask why, and check the forecast: {} units a week in the last four weeks, {} in the eight before.", pl.col("now").round(1), pl.col("usual").round(1)
    )
    return exception_rows(shifted, reason="demand level shift", at_stake=change.abs() * HORIZON_WEEKS * each, action=action)


def life_ended_with_stock(skus: pl.DataFrame, articles: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """Articles past their end of life with stock on hand or on its way, valued at cost."""
    ended = articles.filter(pl.col("end_of_life_date") < decision_date).select(*SERIES_KEY, "end_of_life_date")
    left = pl.col("on_hand_units") + pl.col("inbound_units").list.sum()
    found = skus.join(ended, on=SERIES_KEY, how="inner").filter(left > 0)
    action = pl.format("Clear {} units or extend the life of the article: it ended on {}.", left, pl.col("end_of_life_date"))
    return exception_rows(found, reason="life ended with stock left", at_stake=left * pl.col("unit_value_eur"), action=action)
