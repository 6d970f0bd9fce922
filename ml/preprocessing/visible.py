"""The cut: what of the raw tables may be seen at a cutoff. Nothing else in `ml/` reads a date of a raw table unfiltered."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from domain.calendar import ONE_WEEK, newest_complete_week

SERIES_KEY = ["merchant_id", "article_id"]
_EVENTS = (("sales_transactions", "occurred_at"), ("returns", "returned_at"), ("stock_levels", "date"), ("inbound_shipments", "received_at"))


def end_of_week(cutoff: date) -> datetime:
    """The instant at which the cutoff week is over: midnight of the next Monday, UTC."""
    return datetime.combine(cutoff + ONE_WEEK, time(), tzinfo=UTC)


def week_of(instant: str) -> pl.Expr:
    """Monday of the week of a UTC instant or date column."""
    return pl.col(instant).cast(pl.Date).dt.truncate("1w")


def visible_sales(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.LazyFrame:
    """Sales by series and week up to the cutoff, from whichever sales table is filled.

    Returns:
        merchant_id, article_id, week, sales_units (null = unknown), unit_price_eur, promotion, available_share; in
        any order. Only weeks with a row: what a missing week means is the caller's business.
    """
    if not tables["sales_transactions"].is_empty():
        return _weekly_from_transactions(tables["sales_transactions"].lazy().filter(pl.col("occurred_at") < end_of_week(cutoff)))
    columns = [*SERIES_KEY, "week", "sales_units", "unit_price_eur", "promotion", "available_share"]
    return tables["weekly_sales"].lazy().filter(pl.col("week") <= cutoff).select(columns)


def newest_recorded_week(tables: Mapping[str, pl.DataFrame]) -> date | None:
    """Monday of the newest week that can be known: a later one without a sale is not known to be empty. `None` = there are no sales.

    Transactions: the newest week that any event completes. Sales by week: the newest one with a number.
    """
    if tables["sales_transactions"].is_empty():
        newest: date | None = tables["weekly_sales"].filter(pl.col("sales_units").is_not_null())["week"].max()  # type: ignore[assignment]
        return newest
    days = [tables[name].select(pl.col(column).cast(pl.Date).max()).item() for name, column in _EVENTS]
    return newest_complete_week(max(day for day in days if day is not None))


def visible_returns(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.LazyFrame:
    """Returns that had come back by the end of the cutoff week."""
    return tables["returns"].lazy().filter(pl.col("returned_at") < end_of_week(cutoff))


def last_weeks(column: str, *, cutoff: date, n_weeks: int) -> pl.Expr:
    """Whether a Monday lies in the `n_weeks` weeks that end with the cutoff week."""
    return pl.col(column).is_between(cutoff - timedelta(weeks=n_weeks - 1), cutoff)


def _weekly_from_transactions(sales: pl.LazyFrame) -> pl.LazyFrame:
    """Units and quantity-weighted mean price by week.

    Money is added up in whole millionths of a euro: sums of integers do not depend on the order of the rows.
    """
    units = pl.col("quantity_units")
    priced_units = units.filter(pl.col("unit_price_eur").is_not_null()).sum()
    micro_euros = (units * pl.col("unit_price_eur") * 1e6).round().cast(pl.Int64).sum()
    return (
        sales.group_by(*SERIES_KEY, week=week_of("occurred_at"))
        .agg(sales_units=units.sum(), unit_price_eur=pl.when(priced_units > 0).then(micro_euros / priced_units / 1e6))
        .with_columns(promotion=pl.lit(None, pl.Float64), available_share=pl.lit(None, pl.Float64))
    )
