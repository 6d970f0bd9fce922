"""Readings of stock: omitted articles, old counts, counts below zero, warehouses that fell silent."""

from datetime import date

import polars as pl

from domain.calendar import ONE_WEEK
from feature_store.readings.lines import lines
from ml.preprocessing.stock_reports import StockReports
from ml.preprocessing.visible import SERIES_KEY

_TABLE, _COLUMN = "stock_levels", "on_hand_units"


def omitted(counts: pl.DataFrame) -> pl.DataFrame:
    """Articles that the newest report of a warehouse omits.

    Args:
        counts: Of `counts_brought_forward`.
    """
    rows = counts.filter("is_omitted", ~pl.col("has_stopped")).group_by(SERIES_KEY).agg(pl.len(), pl.col("date").max())
    evidence = pl.format("The stock report of {} does not list the article: read as zero.", "date")
    return lines(rows, reading="stock_report_omits_article", table=_TABLE, column=_COLUMN, n_rows=pl.col("len"), evidence=evidence)


def brought_forward(counts: pl.DataFrame) -> pl.DataFrame:
    """Counts older than a week that something has moved since."""
    rows = counts.filter("is_old", pl.col("moved_units") != 0).sort(*SERIES_KEY, "date")
    oldest = rows.group_by(SERIES_KEY, maintain_order=True).agg(pl.len(), pl.col("date").first(), pl.col("moved_units", "on_hand_units").sum())
    evidence = pl.format(
        "The stock was last counted on {}: {} units net were sold, returned and received since, so {} were assumed.", "date", "moved_units", "on_hand_units"
    )
    return lines(oldest, reading="old_stock_count_moved_forward", table=_TABLE, column=_COLUMN, n_rows=pl.col("len"), evidence=evidence)


def below_zero(stock_levels: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """Counts below zero in the last week."""
    recent = stock_levels.filter(pl.col("date") >= decision_date - ONE_WEEK, pl.col("date") < decision_date, pl.col(_COLUMN) < 0)
    rows = recent.group_by(SERIES_KEY).agg(pl.len(), pl.col(_COLUMN).min()).sort(SERIES_KEY)
    evidence = pl.format("The stock was recorded as {} units, which cannot be: read as zero.", _COLUMN)
    return lines(rows, reading="stock_below_zero", table=_TABLE, column=_COLUMN, n_rows=pl.col("len"), evidence=evidence)


def stopped(reports: StockReports) -> pl.DataFrame:
    """Warehouses whose stock does not count any more."""
    rows = reports.lanes.filter("has_stopped").with_columns(pl.col("warehouse_id").fill_null("without a name"))
    evidence = pl.format("Warehouse {} reports no stock since {}, while others go on: its stock is not counted.", "warehouse_id", "last_day")
    return lines(rows, reading="warehouse_stopped_reporting", table=_TABLE, column="warehouse_id", evidence=evidence)


def guessed_snapshots(reports: StockReports) -> pl.DataFrame:
    """Merchants whose reports are taken for snapshots without having been called so."""
    rows = reports.merchants.filter("is_snapshot")
    n_days = reports.days.group_by("merchant_id").agg(pl.len())
    evidence = pl.lit("Stock reports list nearly everything each time and never a zero: what they omit is read as zero (setting reading.stock_reports).")
    return lines(
        rows.join(n_days, on="merchant_id", how="left").with_columns(pl.col("len").fill_null(0)),
        reading="stock_reports_read_as_snapshots",
        table=_TABLE,
        column=None,
        n_rows=pl.col("len"),
        evidence=evidence,
    )
