"""Weeks in which a merchant's sales are missing rather than zero: nobody who sells a hundred lines a week sells none by chance.

A run of weeks without any sale of a merchant, in which ten lines and more were to be expected, is a gap of the export: unknown, not zero. So is the
rest of the week in which its sales break off. A run of more than a quarter of a year is a season, or an end.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import polars as pl

from domain.calendar import ONE_WEEK, monday_of

LEAST_EXPECTED_ROWS = 10.0
"""Expected sales lines from which none at all cannot be chance (e⁻¹⁰)."""
USUAL_WEEKS = 8
LONGEST_GAP_WEEKS = 13
SILENCE_SCHEMA = {"merchant_id": pl.String, "week": pl.Date, "is_whole": pl.Boolean}


def tally_sales_days(sales_transactions: pl.DataFrame, *, before: date) -> pl.DataFrame:
    """Sales lines by merchant and day, of one shard: merchant_id, day, n_rows."""
    days = sales_transactions.lazy().select("merchant_id", day=pl.col("occurred_at").cast(pl.Date)).filter(pl.col("day") < before)
    return days.group_by("merchant_id", "day").agg(n_rows=pl.len().cast(pl.Int64)).collect()


def find_silence(tallies: Iterable[pl.DataFrame], *, before: date) -> pl.DataFrame:
    """Weeks that hold too few sales to be true, over the whole market.

    Args:
        tallies: Of `tally_sales_days`, of every shard.
        before: A Monday: weeks before it are judged.

    Returns:
        merchant_id, week, is_whole (false: sales break off within the week), sorted.
    """
    days = pl.concat([*tallies]).group_by("merchant_id", "day").agg(pl.col("n_rows").sum()).sort("merchant_id", "day")
    if days.is_empty():
        return pl.DataFrame(schema=SILENCE_SCHEMA)
    last_week = monday_of(before - timedelta(days=1))
    weeks = _judged_weeks(days, last_week=last_week)
    whole = weeks.filter("is_silent").select("merchant_id", "week", is_whole=pl.lit(value=True))
    return pl.concat([whole, _broken_off(days, weeks, last_week=last_week)]).sort("merchant_id", "week")


def _judged_weeks(days: pl.DataFrame, *, last_week: date) -> pl.DataFrame:
    """Every week of every merchant from its first sale on: its lines, and whether it belongs to a gap."""
    by_week = days.group_by("merchant_id", week=pl.col("day").dt.truncate("1w")).agg(pl.col("n_rows").sum())
    span = by_week.group_by("merchant_id").agg(pl.date_ranges(pl.col("week").min(), pl.lit(last_week), "1w").first().alias("week")).explode("week")
    weeks = span.join(by_week, on=["merchant_id", "week"], how="left").sort("merchant_id", "week").with_columns(pl.col("n_rows").fill_null(0))
    is_empty = pl.col("n_rows") == 0
    usual = pl.col("n_rows").shift().rolling_mean(USUAL_WEEKS, min_samples=1).over("merchant_id")
    runs = weeks.with_columns(usual=usual, run=is_empty.rle_id().over("merchant_id"))
    length = pl.len().over("merchant_id", "run")
    expected = pl.col("usual").first().over("merchant_id", "run") * length
    return runs.with_columns(is_silent=is_empty & (expected >= LEAST_EXPECTED_ROWS) & (length <= LONGEST_GAP_WEEKS))


def _broken_off(days: pl.DataFrame, weeks: pl.DataFrame, *, last_week: date) -> pl.DataFrame:
    """Weeks before a gap, or the last one, whose later weekdays usually sold and did not."""
    follows = pl.col("is_silent").shift(-1).over("merchant_id").fill_null(pl.col("week") == last_week)
    ends = weeks.filter(follows, pl.col("n_rows") > 0).select("merchant_id", "week")
    last_day = days.group_by("merchant_id", week=pl.col("day").dt.truncate("1w")).agg(last_day=pl.col("day").max())
    ends = ends.join(last_day, on=["merchant_id", "week"])
    earlier = days.select("merchant_id", "n_rows", then="day").join(ends, on="merchant_id")
    is_usual = pl.col("then").is_between(pl.col("week") - USUAL_WEEKS * ONE_WEEK, pl.col("week") - timedelta(days=1))
    is_later = pl.col("then").dt.weekday() > pl.col("last_day").dt.weekday()
    rest = earlier.filter(is_usual, is_later).group_by("merchant_id", "week").agg(expected=pl.col("n_rows").sum() / USUAL_WEEKS)
    return rest.filter(pl.col("expected") >= LEAST_EXPECTED_ROWS).select("merchant_id", "week", is_whole=pl.lit(value=False))
