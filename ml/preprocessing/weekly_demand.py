"""Raw tables → one gap-free weekly series per (merchant, article), with what is unknown marked as unknown (method §1).

Rows of one series never meet rows of another, so any split of the series over shards gives the same rows.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from domain.stage_tables import WeeklyDemand
from ml.preprocessing.market_facts import MarketFacts, market_facts_of
from ml.preprocessing.stock_counts import stock_at_week_end
from ml.preprocessing.unusual_weeks import flag_history
from ml.preprocessing.visible import SERIES_KEY, visible_returns, visible_sales, week_of

ROW_KEY = [*SERIES_KEY, "week"]


def build_weekly_demand(tables: Mapping[str, pl.DataFrame], *, cutoff: date, history_weeks: int, market: MarketFacts | None = None) -> pl.DataFrame:
    """The weekly series of every article that has a sales row by the end of the cutoff week.

    A series runs from the week of its first sale (of its first row, if it never sold), or from the window's first
    week if that is later, to the cutoff; trailing zeros stay. A week without transactions is a zero; a week
    missing from `weekly_sales` is unknown, and so is one in which nothing of a merchant's is on record that usually sells much (`silence.py`).

    Args:
        tables: The nine contract tables; rows after the cutoff week are not looked at.
        cutoff: Monday of the last week that may be seen.
        history_weeks: Length of the window, in weeks.
        market: Facts of the whole market at the end of the cutoff week; `None` = `tables` are the whole market.

    Returns:
        `stage_tables.WeeklyDemand`, sorted by series and week.
    """
    sales = visible_sales(tables, cutoff=cutoff)
    facts = market or market_facts_of(tables, before=cutoff + timedelta(weeks=1))
    a_missing_week_is_zero = not tables["sales_transactions"].is_empty()
    weekly = (
        _week_grid(sales, cutoff=cutoff, history_weeks=history_weeks)
        .join(sales, on=ROW_KEY, how="left")
        .join(facts.silence.lazy(), on=["merchant_id", "week"], how="left")
        .with_columns(_missing_week_is_zero() if a_missing_week_is_zero else pl.col("sales_units"))
        .join(_returned_units(tables, cutoff=cutoff), on=ROW_KEY, how="left")
        .join(stock_at_week_end(tables["stock_levels"].lazy(), facts.reports, cutoff=cutoff), on=ROW_KEY, how="left")
        .with_columns(pl.col("returned_units").fill_null(0))
    )
    frame = flag_history(_mark_censored(weekly).collect()).select(WeeklyDemand.column_names())
    return WeeklyDemand.validate(frame.sort(ROW_KEY))


def _week_grid(sales: pl.LazyFrame, *, cutoff: date, history_weeks: int) -> pl.LazyFrame:
    """Every series × week from its first week to the cutoff."""
    first_sale = pl.col("week").filter(pl.col("sales_units") > 0).min()
    window_start = cutoff - timedelta(weeks=history_weeks - 1)
    return (
        sales.group_by(SERIES_KEY)
        .agg(first_week=pl.coalesce(first_sale, pl.col("week").min()))
        .select(*SERIES_KEY, week=pl.date_ranges(pl.max_horizontal("first_week", pl.lit(window_start)), pl.lit(cutoff), "1w"))
        .explode("week")
    )


def _missing_week_is_zero() -> pl.Expr:
    """Units of a week: without a sale zero, but where the merchant's sales as a whole are silent."""
    return pl.when(pl.col("is_whole").fill_null(value=False)).then("sales_units").otherwise(pl.col("sales_units").fill_null(0))


def _returned_units(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.LazyFrame:
    by_week = visible_returns(tables, cutoff=cutoff).group_by(*SERIES_KEY, week=week_of("returned_at"))
    return by_week.agg(returned_units=pl.col("quantity_units").sum())


def _mark_censored(weekly: pl.LazyFrame) -> pl.LazyFrame:
    """Say where stock hid demand.

    Sales that end at stock 0, in a week partly out of stock or within a week that breaks off, are a lower bound. No sales with no stock, or in a
    week wholly out of stock, say nothing: the week is unknown.
    """
    stock_ran_out = (pl.col("stock_units") == 0).fill_null(value=False)
    share, breaks_off = pl.col("available_share"), ~pl.col("is_whole").fill_null(value=True)
    is_unknown = ((pl.col("sales_units") == 0) & stock_ran_out) | (share == 0).fill_null(value=False)
    return weekly.with_columns(
        sales_units=pl.when(is_unknown.fill_null(value=False).not_()).then("sales_units"),
        is_censored=is_unknown.fill_null(value=False) | stock_ran_out | (share < 1).fill_null(value=False) | breaks_off,
    )
