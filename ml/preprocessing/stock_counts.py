"""Stock on record: at the end of each week, and the last count of each warehouse; what a snapshot omits is not there."""

from datetime import date, timedelta

import polars as pl

from domain.calendar import ONE_WEEK
from ml.preprocessing.stock_reports import LANE, StockReports, known_counts
from ml.preprocessing.visible import SERIES_KEY

OMITTED_WEEKS = 26
"""An article that snapshots have omitted for longer is no longer kept: its weeks without a sale are then no stock-outs."""
_LANE_OF_ARTICLE = [*SERIES_KEY, "warehouse_id"]


def stock_at_week_end(stock_levels: pl.LazyFrame, reports: StockReports, *, cutoff: date) -> pl.LazyFrame:
    """Units at each week's last count, over warehouses: merchant_id, article_id, week, stock_units; no row = not known.

    Args:
        stock_levels: The contract's table; rows after the cutoff week are not looked at.
        reports: Of the whole market, as known at the end of the cutoff week.
        cutoff: Monday of the last week that may be seen.
    """
    counts = known_counts(stock_levels, before=cutoff + ONE_WEEK)
    latest = counts.group_by(*_LANE_OF_ARTICLE, week=pl.col("date").dt.truncate("1w")).agg(
        pl.col("on_hand_units").sort_by("date").last(), counted_on=pl.col("date").max()
    )
    omitted = _omitted_weeks(counts, reports)
    own = latest.join(omitted, on=[*_LANE_OF_ARTICLE, "week"], how="full", coalesce=True, nulls_equal=True)
    is_omitted = (pl.col("reported_on") > pl.col("counted_on")).fill_null(pl.col("reported_on").is_not_null())
    units = pl.when(is_omitted).then(0).otherwise("on_hand_units")
    return own.group_by(*SERIES_KEY, "week").agg(stock_units=units.sum())


def _omitted_weeks(counts: pl.LazyFrame, reports: StockReports) -> pl.LazyFrame:
    """The last snapshot of each week since an article was first listed in the warehouse, listed in it or not: key, week, reported_on."""
    ends = reports.days.lazy().group_by(*LANE, week=pl.col("date").dt.truncate("1w")).agg(reported_on=pl.col("date").max())
    listed = counts.group_by(_LANE_OF_ARTICLE).agg(first=pl.col("date").min(), last=pl.col("date").max())
    within = pl.col("reported_on").is_between(pl.col("first"), pl.col("last") + timedelta(weeks=OMITTED_WEEKS))
    return listed.join(ends, on=LANE, nulls_equal=True).filter(within).select(*_LANE_OF_ARTICLE, "week", "reported_on")


def last_counts(stock_levels: pl.DataFrame, reports: StockReports, *, before: date) -> pl.DataFrame:
    """The last word on each article and warehouse before a day.

    Returns:
        Key, warehouse_id, date (of the count, or of the snapshot that omits the article), on_hand_units, is_omitted, has_stopped
        (the warehouse reports no more: what it said does not count); sorted.
    """
    counts = known_counts(stock_levels.lazy(), before=before)
    latest = counts.group_by(_LANE_OF_ARTICLE).agg(pl.col("on_hand_units").sort_by("date").last(), date=pl.col("date").max())
    newest = reports.days.lazy().group_by(LANE).agg(reported_on=pl.col("date").max())
    stopped = reports.lanes.lazy().select(*LANE, "has_stopped")
    joined = latest.join(newest, on=LANE, how="left", nulls_equal=True).join(stopped, on=LANE, how="left", nulls_equal=True)
    is_omitted = (pl.col("reported_on") > pl.col("date")).fill_null(value=False)
    units = pl.when("is_omitted").then(0).otherwise("on_hand_units")
    day = pl.when("is_omitted").then("reported_on").otherwise("date")
    read = joined.with_columns(is_omitted=is_omitted).with_columns(on_hand_units=units, date=day)
    return read.drop("reported_on").sort(_LANE_OF_ARTICLE, nulls_last=False).collect()
