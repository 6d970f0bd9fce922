"""Checks of a source as a whole, before anything is computed from it."""

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from domain.calendar import ONE_WEEK, cutoff_for, monday_of, sunday_of
from domain.errors import DataError, UsageError
from domain.settings import Settings

_EVENT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sales_transactions": ("occurred_at",),
    "weekly_sales": ("week",),
    "returns": ("returned_at",),
    "stock_levels": ("date",),
    "inbound_shipments": ("ordered_at", "received_at"),
}
"""Columns that say that something happened; an expected arrival has not."""
_LISTED = 10
_SERIES_KEY = ["merchant_id", "article_id"]
_BESIDE_SALES = ("returns", "stock_levels", "inbound_shipments", "articles", "merchants", "cost_rates")


def check_merchant_settings(tables: Mapping[str, pl.DataFrame], settings: Settings) -> None:
    """Refuse settings for merchants the source does not have: a typing error would silently change nothing.

    Raises:
        UsageError: A merchant is unknown.
    """
    names = ("sales_transactions", "weekly_sales", "merchants")
    known = sorted({merchant for name in names for merchant in tables[name]["merchant_id"].unique()})
    unknown = sorted(settings.merchants.keys() - set(known))
    if unknown:
        raise UsageError(
            f"the settings name merchant {unknown[0]!r}, which the source does not have",
            got=", ".join(unknown),
            wanted=f"one of {', '.join(known[:_LISTED])}{' …' if len(known) > _LISTED else ''}",
            remedy="Correct the [merchants.ID] section.",
        )


def ids_without_sales(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """A note per table with rows about a merchant or an article that no sale names.

    New articles are among them, but so is every id that is spelt differently in two exports: its stock, cost or lead time
    would silently be nobody's.
    """
    sold = pl.concat([tables[name].select(_SERIES_KEY).unique() for name in ("sales_transactions", "weekly_sales")])
    known = pl.concat([sold, sold.select("merchant_id", article_id=pl.lit(None, pl.String)).unique()])  # a rate without an article is the merchant's
    notes = []
    for name in _BESIDE_SALES:
        key = [column for column in _SERIES_KEY if column in tables[name].columns]
        unknown = tables[name].select(key).join(known, on=key, how="anti", nulls_equal=True).sort(key)
        if not unknown.is_empty():
            example = " ".join(part for part in unknown.row(0) if part)
            notes.append(f"{name}: {unknown.height:,} of {tables[name].height:,} rows name what no sale names, for example {example}")
    return notes


def check_emptied(tables: Mapping[str, pl.DataFrame], before: pl.DataFrame, *, settings: Settings) -> None:
    """Refuse a table that lost all its rows since the ingestion before: without stock or shipments nearly everything would be ordered.

    Args:
        tables: The nine contract tables.
        before: `stage_tables.Fingerprints` of the ingestion before.
        settings: `operations.emptied_tables` names the tables of which it is meant.

    Raises:
        DataError: Naming the tables.
    """
    had_rows = set(before.filter(pl.col("n_rows") > 0)["table"])
    meant = {*settings.operations.emptied_tables, "sales_transactions", "weekly_sales"}  # of sales there is always one table, and never without rows
    emptied = [name for name, frame in tables.items() if frame.is_empty() and name in had_rows - meant]
    if emptied:
        raise DataError(
            f"the source has no row of {', '.join(emptied)} any more, where the ingestion before had some",
            got="a table that is absent, a header only, or without an accepted row",
            wanted="the table with its rows",
            remedy=f"Export it again. If it is meant: emptied_tables = {emptied} in the section [operations] of the settings.".replace("'", '"'),
        )


def sold_merchants(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Merchants with a sale, sorted."""
    return sorted({merchant for name in ("sales_transactions", "weekly_sales") for merchant in tables[name]["merchant_id"].unique()})


def data_span(tables: Mapping[str, pl.DataFrame], *, today: date) -> tuple[date, date]:
    """First day with a sale and last day with any event (no later than `today`).

    A week of `weekly_sales` reaches to its Sunday.

    Raises:
        DataError: There is no sale.
    """
    sales = [days for days in (_days(tables["sales_transactions"], "occurred_at"), _days(tables["weekly_sales"], "week")) if days is not None]
    if not sales:
        raise DataError("the source holds no sales", remedy="Add rows to sales_transactions or weekly_sales.")
    last = [_last_day(tables, name, column) for name, columns in _EVENT_COLUMNS.items() for column in columns]
    return min(first for first, _ in sales), min(max(day for day in last if day), today)


def _last_day(tables: Mapping[str, pl.DataFrame], name: str, column: str) -> date | None:
    days = _days(tables[name], column)
    if days is None:
        return None
    return sunday_of(days[1]) if name == "weekly_sales" else days[1]


def _days(frame: pl.DataFrame, column: str) -> tuple[date, date] | None:
    first, last = frame.select(pl.col(column).cast(pl.Date).min().alias("first"), pl.col(column).cast(pl.Date).max().alias("last")).row(0)
    return (first, last) if first is not None else None


def decision_day(first_sale: date, last_day: date, *, today: date) -> date:
    """The day whose orders can be decided: the day after the last one with data.

    A source younger than a week whose only week is over by the calendar is decided on the Monday after it.

    Raises:
        DataError: No week of the source is complete yet.
    """
    day = last_day + timedelta(days=1)
    if cutoff_for(day) < monday_of(first_sale) and sunday_of(monday_of(last_day)) < today:
        day = monday_of(last_day) + ONE_WEEK
    if cutoff_for(day) < monday_of(first_sale):
        raise DataError(
            "the source does not hold one complete week",
            got=f"first sale {first_sale}, last day {last_day}",
            wanted="a week of data from Monday to Sunday",
            remedy="Run again when the week is over.",
        )
    return day
